/** Sets of image files, known by folders, lists or annotations, and decoded by sharp. */
import { readFileSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import sharp from "sharp";
import { DataError } from "../../errors.js";
import { filePath, isForeign } from "../fileNames.js";
import { isBitmap, isJpeg, isNetpbm } from "./formats.js";
import { decodeJpeg } from "./jpeg.js";
import type { ImageSource, Picture, Room } from "./picture.js";
import { decodeBitmap, decodeNetpbm } from "./plainPixels.js";

/** What is known of each image beside its pixels. */
export type Targets = Pick<ImageSource, "labels" | "multilabel" | "classes" | "hierarchy">;

export interface FilesDescription extends Targets {
  readonly kind: "files";
  readonly root: string;
  /** Paths below the root, or absolute ones. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

export const unlabelled: Targets = { labels: null, multilabel: null, classes: null, hierarchy: null };

// Loading is parallel over images already; one thread and no cache keep memory bounded.
sharp.concurrency(1);
sharp.cache(false);

/** One image file, as a set of it alone. */
export const describeFile = (path: string): FilesDescription => ({
  kind: "files",
  root: dirname(path),
  files: [basename(path)],
  warnings: [],
  ...unlabelled,
});

export function openFiles({
  root,
  files,
  labels,
  multilabel,
  classes,
  hierarchy,
  warnings,
}: FilesDescription): ImageSource {
  return {
    count: files.length,
    labels,
    multilabel,
    classes,
    hierarchy,
    warnings,
    name: (i) => files[i],
    file: (i) => resolve(root, files[i]),
    read: (i, room) => decode(resolve(root, files[i]), room),
  };
}

/** Pixels of an image file: the first frame, upright by EXIF, in sRGB or grey of 8 bits, transparency over white. */
async function decode(path: string, room: Room = (length) => new Uint8Array(length)): Promise<Picture> {
  try {
    if (isBitmap(path)) return decodeBitmap(readFileSync(filePath(path)));
    if (isNetpbm(path)) return decodeNetpbm(readFileSync(filePath(path)));
    const plain = isJpeg(path) ? await decodeJpeg(readFileSync(filePath(path)), room) : null;
    return plain ?? (await decodeAny(isForeign(path) ? readFileSync(filePath(path)) : path));
  } catch (cause) {
    throw new DataError(
      `${path} cannot be decoded: ${(cause as Error).message.trim().split("\n").at(-1)}. Remove it or replace it`,
      { cause },
    );
  }
}

/** @param content - a path, or what a file holds */
export async function decodeAny(content: string | Uint8Array): Promise<Picture> {
  const image = sharp(content, { failOn: "truncated", pages: 1 }).rotate().flatten({ background: "#ffffff" });
  const { channels } = await image.metadata();
  const grey = channels === 1 || channels === 2;
  const { data, info } = await image
    .toColourspace(grey ? "b-w" : "srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 && info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels`);
  return { width: info.width, height: info.height, channels: info.channels, data };
}
