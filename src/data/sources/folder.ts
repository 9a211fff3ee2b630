/** Folders of image files: ImageNet's, Places', and one's own, with classes as sub-folders or none. */
import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { DataError, UsageError } from "../../errors.js";
import { type FilesDescription, imageExtensions, isImageFile } from "./files.js";
import { folderLabels } from "./folderLabels.js";

/** What parts of a set are called, as in `imagenet/train`. */
const partName = /^(train|training|val|valid|validation|test|testing)$/i;

/**
 * Lists the image files of a folder and its sub-folders, through links too, labelled by their folders.
 *
 * @param part - a sub-folder to take instead; null for the folder itself
 * @throws DataError if there are no images, or not that part; UsageError if the folder holds parts and none is named
 */
export async function describeFolder(folder: string, part: string | null): Promise<FilesDescription> {
  const root = part === null ? folder : await partOf(folder, part);
  const all = (await filesBelow(root, [await realpath(root)])).map((f) => relative(root, f));
  const files = all.filter(isImageFile).sort();
  const ignored = all.length - files.length;
  if (files.length === 0) {
    throw new DataError(
      `${root} holds no images${all.length ? `, but ${all.length} files of other kinds` : ""}. Known are ${[...imageExtensions].join(", ")}`,
    );
  }
  const tops = [...new Set(files.map((f) => (f.includes(sep) ? f.slice(0, f.indexOf(sep)) : "")))];
  if (part === null && tops.every((top) => partName.test(top)))
    throw new UsageError(
      `${folder} holds parts of a set, not classes: ${tops.join(", ")}. Name one: ${folder}#${tops[0]}`,
    );
  return {
    kind: "files",
    root,
    files,
    warnings: ignored > 0 ? [`${root}: ${ignored} files are not images by their names, and left out`] : [],
    ...folderLabels(files),
  };
}

async function partOf(folder: string, part: string): Promise<string> {
  const entries = await readdir(folder, { withFileTypes: true });
  const folders = entries.filter((e) => e.isDirectory() || e.isSymbolicLink()).map((e) => e.name);
  if (folders.includes(part)) return join(folder, part);
  throw new DataError(
    `${folder} has no part ${part}: it holds ${folders.length === 0 ? "no sub-folders" : `the sub-folders ${folders.sort().join(", ")}`}`,
  );
}

/** @param trail - the real folders on the way, which links must not lead back to */
async function filesBelow(folder: string, trail: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const isLink = entry.isSymbolicLink();
    // A link to nothing is left to be found broken, as a file is.
    const isFolder = isLink
      ? await stat(path).then(
          (i) => i.isDirectory(),
          () => false,
        )
      : entry.isDirectory();
    if (!isFolder) {
      if (isLink || entry.isFile()) files.push(path);
      continue;
    }
    const real = isLink ? await realpath(path) : join(trail[trail.length - 1], entry.name);
    if (!trail.includes(real)) for (const file of await filesBelow(path, [...trail, real])) files.push(file);
  }
  return files;
}
