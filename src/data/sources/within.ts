/** What is named is what is read: nothing outside a named folder, by link, `..` or absolute path, unless that is asked for. */
import type { Dirent } from "node:fs";
import { readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { DataError, said } from "../../errors.js";
import { filePath, nameOf } from "../fileNames.js";

/** Before a set's name: its links and paths are followed wherever they lead. */
export const anywhere = "anywhere:";

/** The folder that all of a set lies in. */
export interface Bound {
  readonly folder: string;
  readonly real: string;
  /** What the set is named by. */
  readonly name: string;
}

/** @returns null where images may lie anywhere */
export const boundOf = async (folder: string, name: string, mayLeave: boolean): Promise<Bound | null> =>
  mayLeave ? null : { folder, real: await realpath(filePath(folder), "buffer").then(nameOf), name };

/** Where a path leads, through links; null if to nothing. */
export const endOf = (path: string): Promise<string | null> =>
  realpath(filePath(path), "buffer").then(nameOf, () => null);

/** @param end - where the path leads. @throws DataError if that is outside */
export function refuseOutside(bound: Bound | null, path: string, end: string | null): void {
  if (bound === null || end === null) return;
  const { folder, real, name } = bound;
  if (end === real || end.startsWith(real.endsWith(sep) ? real : real + sep)) return;
  throw new DataError(
    "wrong-entry",
    said`${{ file: path }} leads out of ${folder}, to ${end}: what is not in the named folder is not read. Where it is meant to be, name the images ${anywhere}${name}`,
  );
}

/**
 * The names in a folder. @param isAsked - which of them matter, a link or not
 *
 * @throws DataError if the folder, or a link in it that matters, leads outside
 */
export async function namesWithin(
  folder: string,
  bound: Bound | null,
  isAsked: (name: string) => boolean,
): Promise<string[]> {
  refuseOutside(bound, folder, await endOf(folder));
  const entries = (await readdir(filePath(folder), {
    withFileTypes: true,
    encoding: "buffer",
  })) as unknown as Dirent<Buffer>[];
  const names: string[] = [];
  for (const entry of entries) {
    const name = nameOf(entry.name);
    names.push(name);
    if (bound === null || !entry.isSymbolicLink() || !isAsked(name)) continue;
    const path = join(folder, name);
    refuseOutside(bound, path, await endOf(path));
  }
  return names;
}
