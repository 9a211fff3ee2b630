/** PASCAL VOC's layout, and folders of images with an XML annotation each: several classes an image. */
import { readFile, stat } from "node:fs/promises";
import { join, parse } from "node:path";
import type { DenseArray } from "../../array.js";
import { DataError, said } from "../../errors.js";
import { isImageFile, isLeftover, unlabelled } from "../layout/index.js";
import { type AnnotatedObject, readAnnotation } from "./annotation.js";
import type { FilesDescription } from "./files.js";
import { imageSetsFolder, namesOfPart, readImageSets } from "./imageSets.js";
import { type Bound, boundOf, namesWithin } from "./within.js";

/** Where images and annotations lie: paths below the root, by the name that both share. */
interface Layout {
  readonly root: string;
  readonly images: ReadonlyMap<string, string>;
  readonly annotations: ReadonlyMap<string, string>;
}

/** A folder's layout: `JPEGImages` (or `images`) and `Annotations`, or each XML beside its image; null if it is neither. */
export async function vocLayout(root: string, mayLeave: boolean): Promise<Layout | null> {
  const inside = await kept(root, null);
  const [imageFolder, annotationFolder] = [/^(jpegimages|images)$/i, /^annotations$/i].map((name) =>
    inside.find((f) => name.test(f)),
  );
  const bound = await boundOf(root, root, mayLeave);
  if (imageFolder && annotationFolder) {
    const isFolder = await Promise.all([imageFolder, annotationFolder].map((folder) => isFolderAt(join(root, folder))));
    if (isFolder.includes(false)) return null;
    const [images, annotations] = await Promise.all(
      [imageFolder, annotationFolder].map((folder) => kept(join(root, folder), bound)),
    );
    if (!annotations.some(isXml)) return null;
    return {
      root,
      images: byStem(imageFolder, images.filter(isImageFile)),
      annotations: byStem(annotationFolder, annotations.filter(isXml)),
    };
  }
  const annotations = byStem("", inside.filter(isXml));
  if (annotations.size === 0) return null;
  const images = byStem("", inside.filter(isImageFile));
  if (![...annotations.keys()].some((stem) => images.has(stem))) return null;
  await kept(root, bound);
  return { root, images, annotations };
}

/**
 * Reads the annotations of a part. An image shows a class if an object of it that is not difficult lies in it; a class of which
 * all its objects are difficult is left out of account (the devkit's rule for classification).
 *
 * @param part - a list of `ImageSets/Main`; null for trainval, or without lists for every annotated image
 * @throws DataError that names the file, and its element, that is missing or wrong
 */
export async function describeVoc(layout: Layout, part: string | null): Promise<FilesDescription> {
  const { root, images, annotations } = layout;
  const sets = await readImageSets(root);
  if (!sets && part !== null)
    throw new DataError(
      "missing",
      said`${{ file: root }} has no part ${{ part }}: there is no ${imageSetsFolder}. Leave out #${part} to take all images`,
    );
  const names = sets ? namesOfPart(sets, part ?? "trainval", root) : [...annotations.keys()];
  const files = pathsOf(names, images, `images of ${root}`);
  const objects = await readAll(root, pathsOf(names, annotations, `annotations of ${root}`));
  const classes = [...new Set([...(sets?.classes ?? []), ...objects.flat().map((object) => object.name)])].sort();
  if (classes.length === 0)
    throw new DataError("empty", said`${{ file: root }}: no object is annotated in ${names.length} images`);
  const bare = sets ? 0 : images.size - names.length;
  return {
    ...unlabelled,
    kind: "files",
    root,
    files,
    multilabel: vocTargets(objects, classes),
    classes,
    warnings: bare > 0 ? [`${root}: ${bare} images have no annotation, and are left out`] : [],
  };
}

/** [images, classes] by the objects of each image: 1 shown, 0 not, −1 difficult objects alone. */
export function vocTargets(
  objects: readonly (readonly AnnotatedObject[])[],
  classes: readonly string[],
): DenseArray<Int8Array> {
  const columns = new Map(classes.map((name, c) => [name, c]));
  const data = new Int8Array(objects.length * classes.length);
  for (const [row, ofImage] of objects.entries()) {
    for (const { name, difficult } of ofImage) {
      const at = row * classes.length + (columns.get(name) as number);
      if (!difficult) data[at] = 1;
      else if (data[at] === 0) data[at] = -1;
    }
  }
  return { shape: [objects.length, classes.length], data };
}

/** What a folder holds, without what systems leave behind. */
const kept = async (folder: string, bound: Bound | null): Promise<string[]> =>
  (await namesWithin(folder, bound, (name) => !isLeftover(name))).filter((name) => !isLeftover(name));

const isFolderAt = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );

const isXml = (file: string): boolean => file.toLowerCase().endsWith(".xml");

/** Sorted; of two files with one name before the dot, the later. */
const byStem = (folder: string, files: readonly string[]): ReadonlyMap<string, string> =>
  new Map([...files].sort().map((file) => [parse(file).name, join(folder, file)]));

/** @throws DataError that names the first that is missing, and says how many are */
function pathsOf(names: readonly string[], paths: ReadonlyMap<string, string>, what: string): string[] {
  const missing = names.filter((name) => !paths.has(name));
  if (missing.length > 0)
    throw new DataError(
      "missing",
      said`${missing.length} of the ${names.length} ${what} are missing; the first is that of ${{ image: missing[0] }}. Restore them, or take a part that has them`,
    );
  return names.map((name) => paths.get(name) as string);
}

async function readAll(root: string, files: readonly string[]): Promise<(readonly AnnotatedObject[])[]> {
  const together = 64; // files open at once
  const objects: (readonly AnnotatedObject[])[] = [];
  for (let from = 0; from < files.length; from += together) {
    const paths = files.slice(from, from + together).map((file) => join(root, file));
    objects.push(...(await Promise.all(paths.map(async (path) => readAnnotation(await readFile(path, "utf8"), path)))));
  }
  return objects;
}
