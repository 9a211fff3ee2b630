/** Sets of image files, known by folders, lists or annotations. */
import { readFileSync } from "node:fs";
import { basename, dirname, extname, resolve } from "node:path";
import { DataError } from "../../errors.js";
import { decodeAny } from "./anyPicture.js";
import { decodeJpeg } from "./jpeg.js";
import type { ImageSource, Picture, Room } from "./picture.js";
import { decodePng } from "./png.js";

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

/** What image files are named. */
export const imageExtensions: ReadonlySet<string> = new Set([
  ".jpg",
  ".jpeg",
  ".png",
  ".webp",
  ".avif",
  ".gif",
  ".tif",
  ".tiff",
]);

/** Whether a file is an image by its name. */
export const isImageFile = (path: string): boolean => imageExtensions.has(extname(path).toLowerCase());

/** Gives null for what it leaves to sharp. */
type PlainDecoder = (file: Buffer, room: Room) => Picture | null | Promise<Picture | null>;

/** By extension. */
const plainDecoders: ReadonlyMap<string, PlainDecoder> = new Map<string, PlainDecoder>([
  [".jpg", decodeJpeg],
  [".jpeg", decodeJpeg],
  [".png", decodePng],
]);

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

/** Pixels of an image file, as `decodeAny` gives them. */
async function decode(path: string, room: Room = (length) => new Uint8Array(length)): Promise<Picture> {
  try {
    const file = readFileSync(path); // of which sharp makes pixels faster than of a path
    const plain = await plainDecoders.get(extname(path).toLowerCase())?.(file, room);
    return plain ?? (await decodeAny(file));
  } catch (cause) {
    throw new DataError(
      `${path} cannot be decoded: ${(cause as Error).message.trim().split("\n").at(-1)}. Remove it or replace it`,
      { cause },
    );
  }
}
