/** Folders of image files: ImageNet's, Places', and one's own, with classes as sub-folders or none. */
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { DataError, said, UsageError } from "../../errors.js";
import { filePath, nameOf } from "../fileNames.js";
import { folderLabels, imageExtensions, isImageFile, isLeftover, leftOut } from "../layout/index.js";
import type { FilesDescription } from "./files.js";
import { type Bound, boundOf, endOf, refuseOutside } from "./within.js";

/** What parts of a set are called, as in `imagenet/train`. */
const partName = /^(train|training|val|valid|validation|test|testing)$/i;

/**
 * Lists the image files of a folder and its sub-folders, through links too, labelled by their folders.
 *
 * @param mayLeave - whether links are followed that lead out of it
 * @param part - a sub-folder to take instead; null for the folder itself
 * @throws DataError if there are no images, or not that part; UsageError if the folder holds parts and none is named
 */
export async function describeFolder(
  folder: string,
  part: string | null,
  mayLeave: boolean,
): Promise<FilesDescription> {
  const root = part === null ? folder : await partOf(folder, part);
  const found: Found = { files: [], leftovers: 0 };
  const bound = await boundOf(folder, folder, mayLeave);
  const real = await realpath(root);
  refuseOutside(bound, root, real);
  await look(root, [real], found, bound);
  const all = found.files.map((f) => relative(root, f));
  const files = all.filter(isImageFile).sort();
  const others = all.filter((file) => !isImageFile(file));
  if (files.length === 0) {
    throw new DataError(
      "empty",
      said`${{ file: root }} holds no images${others.length ? `, but files of other kinds: ${leftOut(others)}` : ""}. Known are ${[...imageExtensions].join(", ")}`,
    );
  }
  const tops = [...new Set(files.map((f) => (f.includes(sep) ? f.slice(0, f.indexOf(sep)) : "")))];
  if (part === null && tops.every((top) => partName.test(top)))
    throw new UsageError(
      "not-given",
      said`${{ file: folder }} holds parts of a set, not classes: ${tops.join(", ")}. Name one: ${folder}#${tops[0]}`,
    );
  return {
    kind: "files",
    root,
    files,
    warnings: [
      ...(others.length > 0
        ? [
            `${root}: ${others.length === 1 ? "1 file of another kind is" : `${others.length} files of other kinds are`} left out: ${leftOut(others)}`,
          ]
        : []),
      ...(found.leftovers > 0
        ? [`${root}: passed over what systems and tools leave behind: ${found.leftovers} of its files and folders`]
        : []),
    ],
    ...folderLabels(files.map((file) => file.replaceAll(sep, "/"))),
  };
}

async function partOf(folder: string, part: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const folders = entries.filter((e) => e.isDirectory() || e.isSymbolicLink()).map((e) => e.name);
  if (folders.includes(part)) return join(folder, part);
  throw new DataError(
    "missing",
    said`${{ file: folder }} has no part ${{ part }}: it holds ${folders.length === 0 ? "no sub-folders" : `the sub-folders ${folders.sort().join(", ")}`}`,
  );
}

/** What was met on the way through folders. */
interface Found {
  readonly files: string[];
  leftovers: number;
}

/**
 * @param trail - the real folders on the way, which links must not lead back to
 * @param bound - the folder that no link may lead out of; null: they may
 */
async function look(folder: string, trail: readonly string[], found: Found, bound: Bound | null): Promise<void> {
  const entries = await readdir(filePath(folder), { withFileTypes: true, encoding: "buffer" });
  for (const entry of entries as unknown as readonly Dirent<Buffer>[]) {
    const name = nameOf(entry.name);
    if (isLeftover(name)) {
      found.leftovers++;
      continue;
    }
    const path = join(folder, name);
    const isLink = entry.isSymbolicLink();
    // A link to nothing is left to be found broken, as a file is.
    const isFolder = isLink
      ? await stat(filePath(path)).then(
          (i) => i.isDirectory(),
          () => false,
        )
      : entry.isDirectory();
    const end = isLink ? await endOf(path) : null;
    refuseOutside(bound, path, end);
    if (!isFolder) {
      if (isLink || entry.isFile()) found.files.push(path);
      continue;
    }
    const real = end ?? join(trail[trail.length - 1], name);
    if (!trail.includes(real)) await look(path, [...trail, real], found, bound);
  }
}
