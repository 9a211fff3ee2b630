/** Sets of image files, known by folders, lists or annotations. */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { said } from "../../errors.js";
import { filePath } from "../fileNames.js";
import { decodeAny } from "./anyPicture.js";
import { plainDecoderOf } from "./formats.js";
import { type ImageSource, notDecoded, type Picture, type Room } from "./picture.js";

/** What is known of each image beside its pixels. */
export type Labelling = Pick<ImageSource, "labels" | "multilabel" | "classes" | "hierarchy">;

export interface FilesDescription extends Labelling {
  readonly kind: "files";
  readonly root: string;
  /** Paths below the root, or absolute ones. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

export const unlabelled: Labelling = { labels: null, multilabel: null, classes: null, hierarchy: null };

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
    content: async (i) => bytesOf(resolve(root, files[i])),
    read: (i, room) => decode(resolve(root, files[i]), room),
  };
}

/** What a file holds. Pipes and devices, which may never end, are none. */
function bytesOf(path: string): Buffer {
  const place = filePath(path);
  if (!statSync(place).isFile()) throw new Error("it is no file");
  return readFileSync(place);
}

/** Pixels of an image file, as `decodeAny` gives them. */
async function decode(path: string, room: Room = (length) => new Uint8Array(length)): Promise<Picture> {
  try {
    const file = bytesOf(path); // of which sharp makes pixels faster than of a path
    const plain = await plainDecoderOf(path)?.(file, room);
    return plain ?? (await decodeAny(file));
  } catch (cause) {
    throw notDecoded(said`${{ file: path }}`, cause);
  }
}
