/** Formats of image files, by extension: those that are read, and those that cannot be, with what to do. */
/** With its dot, in small letters; empty without one. A name that only begins with a dot has none. */
export const extensionOf = (path: string): string => /(?<=[^/])\.[^./]*$/.exec(path)?.[0].toLowerCase() ?? "";

/** What image files are named. */
export const imageExtensions: readonly string[] = [
  ...[".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif", ".tif", ".tiff", ".bmp", ".dib"],
  ...[".ppm", ".pgm", ".pnm", ".npy"],
];

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

/** Formats that sharp's own build does not read, by the first bytes of their files in Latin-1. */
const unread: readonly {
  readonly called: string;
  readonly extension: string;
  readonly is: (head: string) => boolean;
}[] = [
  { called: "HEIC", extension: ".heic", is: (head) => /^ftyp(hei[cxms]|hev[cxms]|mif1|msf1)/.test(head.slice(4)) },
  {
    called: "JPEG XL",
    extension: ".jxl",
    is: (head) => head.startsWith("\xff\x0a") || head.startsWith("\0\0\0\x0cJXL "),
  },
];

/** What a file is that cannot be decoded, and what to do; null of a file of no such format. */
export function unreadFormat(head: string): string | null {
  const found = unread.find(({ is }) => is(head));
  return found ? `it is ${found.called}, which is not read (${convertible[found.extension]})` : null;
}

/** What makes another file of one that is not read, by its name; null of other files. */
export const remedyOf = (path: string): string | null => convertible[extensionOf(path)] ?? null;

/** Whether a file is an image by its name. */
export const isImageFile = (path: string): boolean => imageExtensions.includes(extensionOf(path));

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
