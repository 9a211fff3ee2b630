/** Sets in many files: `imagenet-train-{000000..000146}.tar`, or a folder of archives or tables. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { DataError, said, UsageError } from "../../errors.js";
import { isImageFile, isLeftover } from "../layout/index.js";
import { isArchive } from "./archives.js";
import { isParquet } from "./parquet.js";

/** `{000..146}`, as shells and WebDataset write it. */
const braces = /\{(\d+)\.\.(\d+)\}/;
/** More are a mistake. */
const mostShards = 100_000;

/** Whether a name stands for several files. */
export const isBraced = (name: string): boolean => braces.test(name);

/** The files that a name with braces stands for. @throws UsageError if they are none, or too many */
export function shardsNamed(name: string): readonly string[] {
  const [all, first, last] = braces.exec(name) ?? [];
  if (all === undefined) return [name];
  const [from, to] = [Number(first), Number(last)];
  if (!(from <= to && to - from < mostShards))
    throw new UsageError(
      "wrong-value",
      said`${{ images: name }}: ${all} names no files: give the lower number first, at most ${mostShards} files`,
    );
  return Array.from({ length: to - from + 1 }, (_, i) => String(from + i).padStart(first.length, "0")).flatMap(
    (number) => shardsNamed(name.replace(all, () => number)),
  );
}

const partWord = /(?:^|[^a-z])(train|training|val|valid|validation|test|testing)(?![a-z])/i;

/**
 * The archives or tables of a folder that holds no images of other kinds, nor folders; null of any other folder.
 *
 * @param part - a word of the names that are wanted, such as `train`; null for all
 * @throws DataError without that part; UsageError if the folder holds several parts and none is named
 */
export async function shardsIn(folder: string, part: string | null): Promise<readonly string[] | null> {
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !isLeftover(name));
  const shards = entries
    .map(({ name }) => name)
    .filter((name) => isArchive(name) || isParquet(name))
    .sort();
  if (shards.length === 0 || entries.some((entry) => entry.isDirectory() || isImageFile(entry.name))) return null;
  if (!shards.every(isArchive) && !shards.every(isParquet))
    throw new UsageError(
      "not-given",
      said`${{ file: folder }} holds both archives and tables: name one, or several as ${join(folder, "shard-{000..012}.tar")}`,
    );
  const partOf = (name: string): string => partWord.exec(name)?.[1].toLowerCase() ?? "";
  if (part === null) {
    const parts = [...new Set(shards.map(partOf))];
    if (parts.length > 1)
      throw new UsageError(
        "not-given",
        said`${{ file: folder }} holds parts of a set: ${parts.map((p) => p || "others").join(", ")}. Name one: ${folder}#${parts.find(Boolean) ?? ""}`,
      );
    return shards.map((name) => join(folder, name));
  }
  const word = new RegExp(`(?:^|[^a-z])${part.replaceAll(/[^\w]/g, "\\$&")}(?![a-z])`, "i");
  const chosen = shards.filter((name) => word.test(name));
  if (chosen.length > 0) return chosen.map((name) => join(folder, name));
  throw new DataError(
    "missing",
    said`${{ file: folder }} has no part ${{ part }}: none of its files is called so. They are ${shards.slice(0, 5).join(", ")}${shards.length > 5 ? ", …" : ""}`,
  );
}
