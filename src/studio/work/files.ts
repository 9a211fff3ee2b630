/** Files that a person gave, as images under names that they would have in Node: paths below the folder that holds all. */
import {
  extensionOf,
  folderLabels,
  isImageFile,
  isLeftover,
  type Labelling,
  remedyOf,
  unlabelled,
} from "../../data/layout/index.js";
import { DataError, said } from "../../errors.js";
import type { PageImage, SkippedImage } from "../../web/index.js";
import type { GivenFile } from "../protocol.js";
import { unzipped } from "./zips.js";

/** What was given, before any of it is decoded. */
export interface OpenedFiles {
  readonly name: string;
  readonly images: readonly PageImage[];
  /** What is no image by its name. */
  readonly skipped: readonly SkippedImage[];
  /** Classes by the names of images. */
  readonly label: (names: readonly string[]) => Labelling;
}

interface Found {
  readonly path: string;
  readonly file: Blob;
}

export const isZip = (path: string): boolean => extensionOf(path) === ".zip";
const withoutExtension = (name: string): string => name.replace(/\.[^.]*$/, "");

/**
 * Images of files, folders and zips. Two or more folders side by side are classes, as in Node.
 *
 * @param progress - called while zips are read, with bytes
 * @throws DataError if there is no image by its name, or a zip is damaged
 */
export async function givenFiles(
  given: readonly GivenFile[],
  progress: (done: number, total: number) => void,
): Promise<OpenedFiles> {
  const found: Found[] = [];
  const zips = given.filter(({ path }) => isZip(path));
  const total = zips.reduce((bytes, { file }) => bytes + file.size, 0);
  let before = 0;
  for (const { path, file } of given) {
    if (!isZip(path)) {
      found.push({ path, file });
      continue;
    }
    const inside = await unzipped(file, path, isWanted, (done) => progress(before + done, total));
    const under = given.length === 1 ? "" : `${withoutExtension(path)}/`;
    found.push(...inside.map((entry) => ({ path: `${under}${entry.path}`, file: entry.file })));
    before += file.size;
  }
  const wanted = found.filter(({ path }) => isWanted(path));
  const shared = sharedFolder(wanted.map(({ path }) => path));
  const named = wanted
    .map(({ path, file }) => ({ name: path.slice(shared.length), image: file }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const images = named.filter(({ name }) => isImageFile(name));
  const others = named.filter(({ name }) => !isImageFile(name));
  if (images.length === 0)
    throw new DataError(
      "empty",
      said`no image is among the ${given.length} files that were given. Give JPEG, PNG, WebP, GIF, AVIF or BMP files, a folder of them, or a zip`,
    );
  const only = given.length === 1 ? withoutExtension(given[0].path) : null;
  return {
    name: shared === "" ? (only ?? `${images.length} images`) : shared.slice(0, -1),
    images,
    skipped: others.map(({ name }) => ({ name, reason: remedyOf(name) ?? "its name is no image's" })),
    label: labelOf,
  };
}

/** Classes by folders. */
export const labelOf = (names: readonly string[]): Labelling => (names.length > 0 ? folderLabels(names) : unlabelled);

/** Whether no part of a path is what systems leave behind. */
const isWanted = (path: string): boolean => !path.split("/").some((part) => part !== "" && isLeftover(part));

/** The folders in which all lie, with a slash at the end; "" if there are none. */
function sharedFolder(paths: readonly string[]): string {
  const folders = paths.map((path) => path.slice(0, path.lastIndexOf("/") + 1));
  const [first = ""] = folders;
  const parts = first.split("/").slice(0, -1);
  // One folder is dropped at most: in `photos/2024/cats/1.jpg` a person gave `photos`.
  const top = parts.length === 0 ? "" : `${parts[0]}/`;
  return folders.every((folder) => folder.startsWith(top)) ? top : "";
}
