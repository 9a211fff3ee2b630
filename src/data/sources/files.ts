/** Sets of image files, known by folders, lists or annotations. */
import { readFileSync, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { type Sentence, said } from "../../errors.js";
import { filePath } from "../fileNames.js";
import { type Labelling, unlabelled } from "../layout/index.js";
import { decodeImage } from "./decode.js";
import { type ImageSource, notDecoded } from "./picture.js";

export interface FilesDescription extends Labelling {
  readonly kind: "files";
  readonly root: string;
  /** Paths below the root, or absolute ones. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

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
  const pathOf = (i: number) => resolve(root, files[i]);
  return {
    count: files.length,
    labels,
    multilabel,
    classes,
    hierarchy,
    warnings,
    name: (i) => files[i],
    file: pathOf,
    bytes: async (i) => (await stat(filePath(pathOf(i))).catch(() => null))?.size ?? null,
    content: async (i) => bytesOf(pathOf(i)),
    read: async (i, room) => {
      const name = said`${{ file: pathOf(i) }}`;
      return decodeImage(contentOf(pathOf(i), name), name, room); // sharp makes pixels faster of bytes than of a path
    },
  };
}

/** What a file holds. Pipes and devices, which may never end, are none. */
function bytesOf(path: string): Buffer {
  const place = filePath(path);
  if (!statSync(place).isFile()) throw new Error("it is no file");
  return readFileSync(place);
}

function contentOf(path: string, name: Sentence): Buffer {
  try {
    return bytesOf(path);
  } catch (cause) {
    throw notDecoded(name, cause);
  }
}
