/** Folders of image files, decoded by sharp. */
import { readdir } from "node:fs/promises";
import { basename, dirname, extname, join, sep } from "node:path";
import sharp from "sharp";
import { DataError } from "../../errors.js";
import type { ImageSource, Picture } from "./picture.js";

export interface FolderDescription {
  readonly kind: "folder";
  readonly root: string;
  /** Paths below the root, sorted. */
  readonly files: readonly string[];
  /** How many files of other kinds lie among them. */
  readonly ignored: number;
}

const extensions = new Set([".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".tif", ".tiff"]);

// Loading is parallel over images already; one thread and no cache keep memory bounded.
sharp.concurrency(1);
sharp.cache(false);

/** Lists the image files of a folder and its sub-folders. @throws DataError if there are none */
export async function describeFolder(root: string): Promise<FolderDescription> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const all = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name).slice(join(root, sep).length));
  const files = all.filter(isImageFile).sort();
  if (files.length === 0) {
    throw new DataError(
      `${root} holds no images${all.length ? `, but ${all.length} files of other kinds` : ""}. Known are ${[...extensions].join(", ")}`,
    );
  }
  return { kind: "folder", root, files, ignored: all.length - files.length };
}

/** Whether a file is an image by its name. */
export const isImageFile = (path: string): boolean => extensions.has(extname(path).toLowerCase());

/** One image file, as a folder of it alone. */
export const describeFile = (path: string): FolderDescription => ({
  kind: "folder",
  root: dirname(path),
  files: [basename(path)],
  ignored: 0,
});

/** Images are labelled by their first sub-folder if all lie in one, and there are several. */
export function openFolder({ root, files, ignored }: FolderDescription): ImageSource {
  const tops = files.map((f) => (f.includes(sep) ? f.slice(0, f.indexOf(sep)) : null));
  const classes = tops.includes(null) ? null : ([...new Set(tops)] as string[]);
  const labelled = classes && classes.length > 1 ? classes : null;
  const ids = new Map(labelled?.map((name, i) => [name, i]));
  return {
    count: files.length,
    labels: labelled && Int32Array.from(tops, (top) => ids.get(top as string) as number),
    classes: labelled,
    hierarchy: null,
    warnings: ignored > 0 ? [`${root}: ${ignored} files are not images by their names, and left out`] : [],
    name: (i) => files[i],
    read: (i) => decode(join(root, files[i])),
  };
}

/** Pixels of an image file: the first frame, upright by EXIF, in sRGB or grey of 8 bits, transparency over white. */
async function decode(path: string): Promise<Picture> {
  try {
    const image = sharp(path, { failOn: "truncated", pages: 1 }).rotate().flatten({ background: "#ffffff" });
    const { channels } = await image.metadata();
    const grey = channels === 1 || channels === 2;
    const { data, info } = await image
      .toColourspace(grey ? "b-w" : "srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 1 && info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels`);
    return { width: info.width, height: info.height, channels: info.channels, data };
  } catch (cause) {
    throw new DataError(
      `${path} cannot be decoded: ${(cause as Error).message.trim().split("\n").at(-1)}. Remove it or replace it`,
      { cause },
    );
  }
}
