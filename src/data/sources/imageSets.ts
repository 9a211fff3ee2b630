/** The lists in VOC's `ImageSets/Main`: one for each part of the set, and one for each class in a part. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError, said } from "../../errors.js";

export interface ImageSets {
  /** Names of images, by part. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
  /** Classes that have lists of their own, and so exist even where a part shows none of them. */
  readonly classes: readonly string[];
}

export const imageSetsFolder = join("ImageSets", "Main");

/** `aeroplane_train.txt` */
const classList = /^(.+)_(train|val|trainval|test)\.txt$/;
/** `000012 -1`: whether the image shows the class. */
const classLine = /^\S+\s+(-1|0|1)$/;

/** @returns null without such a folder. @throws DataError if a line is no name */
export async function readImageSets(root: string): Promise<ImageSets | null> {
  const files = await readdir(join(root, imageSetsFolder)).catch(() => null);
  if (!files) return null;
  const parts = new Map<string, readonly string[]>();
  const classes = new Set<string>();
  for (const name of files.filter((f) => f.endsWith(".txt")).sort()) {
    const file = join(root, imageSetsFolder, name);
    const lines = (await readFile(file, "utf8")).split("\n").map((line) => line.trim());
    const ofClass = classList.exec(name)?.[1];
    if (ofClass && lines.every((line) => line === "" || classLine.test(line))) classes.add(ofClass);
    else parts.set(name.slice(0, -".txt".length), namesIn(lines, file));
  }
  return { parts, classes: [...classes] };
}

function namesIn(lines: readonly string[], file: string): readonly string[] {
  const wrong = lines.findIndex((line) => /\s/.test(line));
  if (wrong === -1) return lines.filter(Boolean);
  throw new DataError(
    "wrong-entry",
    said`${{ file }}:${{ line: wrong + 1 }}: one image's name a line is expected, not ${lines[wrong]}`,
  );
}

/** @throws DataError that says which parts there are */
export function namesOfPart({ parts }: ImageSets, part: string, root: string): readonly string[] {
  const names = parts.get(part);
  if (!names)
    throw new DataError(
      "missing",
      said`${{ file: root }} has no part ${{ part }}: ${imageSetsFolder} lists ${[...parts.keys()].join(", ") || "none"}. Name one, as in ${root}#train`,
    );
  if (names.length === 0)
    throw new DataError("empty", said`${{ file: `${join(root, imageSetsFolder, part)}.txt` }} lists no images`);
  return names;
}
