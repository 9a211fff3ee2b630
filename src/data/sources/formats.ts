/** Formats of image files, by extension: those that are read, and those that cannot be, with what to do. */
import { extname } from "node:path";
import { decodeJpeg } from "./jpeg.js";
import type { Picture, Room } from "./picture.js";
import { decodeBitmap, decodeNetpbm } from "./plainPixels.js";
import { decodePng } from "./png.js";

/** Makes pixels of what a file holds; null of what it leaves to sharp. */
type PlainDecoder = (file: Buffer, room: Room) => Picture | null | Promise<Picture | null>;

export const extensionOf = (path: string): string => extname(path).toLowerCase();

/** Images that are read, each with what decodes it before sharp is asked, if anything. */
const decoders: ReadonlyMap<string, PlainDecoder | null> = new Map<string, PlainDecoder | null>([
  [".jpg", decodeJpeg],
  [".jpeg", decodeJpeg],
  [".jpe", decodeJpeg],
  [".jfif", decodeJpeg],
  [".png", decodePng],
  [".webp", null],
  [".avif", null],
  [".gif", null],
  [".tif", null],
  [".tiff", null],
  [".bmp", decodeBitmap],
  [".dib", decodeBitmap],
  [".ppm", decodeNetpbm],
  [".pgm", decodeNetpbm],
  [".pnm", decodeNetpbm],
]);

/** What image files are named. */
export const imageExtensions: readonly string[] = [...decoders.keys()];

/** Images that are not read, and what makes others of them. */
const convertible: Readonly<Record<string, string>> = {
  ".heic": "heif-convert or sips makes JPEGs of them",
  ".heif": "heif-convert or sips makes JPEGs of them",
  ".jxl": "djxl makes PNGs or JPEGs of them",
  ".svg": "rsvg-convert or Inkscape makes PNGs of them, of a size to choose",
  ".psd": "export them as PNG",
  ".jp2": "opj_decompress makes PNGs of them",
  ".tga": "convert them to PNG",
  ".ico": "convert them to PNG",
  ".dng": "develop them to JPEG or TIFF",
  ".cr2": "develop them to JPEG or TIFF",
  ".cr3": "develop them to JPEG or TIFF",
  ".nef": "develop them to JPEG or TIFF",
  ".arw": "develop them to JPEG or TIFF",
};

/** Whether a file is an image by its name. */
export const isImageFile = (path: string): boolean => decoders.has(extensionOf(path));

/** What decodes a file before sharp is asked, by its name. */
export const plainDecoderOf = (path: string): PlainDecoder | null => decoders.get(extensionOf(path)) ?? null;

/** Files that are not read, in words: `3 .heic (heif-convert or sips makes JPEGs of them), 2 .txt, 1 without an extension`. */
export function leftOut(files: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(extensionOf(file), (counts.get(extensionOf(file)) ?? 0) + 1);
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([extension, count]) => {
      const remedy = convertible[extension];
      return `${count} ${extension || "without an extension"}${remedy ? ` (${remedy})` : ""}`;
    })
    .join(", ");
}
