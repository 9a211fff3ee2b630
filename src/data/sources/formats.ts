/** Formats of image files, by extension: those that are read, and those that cannot be, with what to do. */
import { extname } from "node:path";

export const extensionOf = (path: string): string => extname(path).toLowerCase();

const jpeg: ReadonlySet<string> = new Set([".jpg", ".jpeg", ".jpe", ".jfif"]);
const bitmaps: ReadonlySet<string> = new Set([".bmp", ".dib"]);
const netpbm: ReadonlySet<string> = new Set([".ppm", ".pgm", ".pnm"]);

/** What image files are named. */
export const imageExtensions: ReadonlySet<string> = new Set([
  ...jpeg,
  ".png",
  ".webp",
  ".avif",
  ".gif",
  ".tif",
  ".tiff",
  ...bitmaps,
  ...netpbm,
]);

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
export const isImageFile = (path: string): boolean => imageExtensions.has(extensionOf(path));
export const isJpeg = (path: string): boolean => jpeg.has(extensionOf(path));
export const isBitmap = (path: string): boolean => bitmaps.has(extensionOf(path));
export const isNetpbm = (path: string): boolean => netpbm.has(extensionOf(path));

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
