/** Pictures as sprite sheets that a page can hold: WebP, as large and as good as a number of bytes allows. */
import type { ImageSource, Picture } from "../data/index.js";
import { DataError } from "../errors.js";
import type { Sheets } from "./data.js";
import { tileOf, tileSides } from "./tile.js";

/** Sides of sheets: what phones decode. */
const mostSheetSide = 2048;
/** Pictures read at once: a large photo takes tens of megabytes. */
const together = 4;
/** Pictures whose bytes tell how many all will take. */
const probed = 256;
const qualities = [80, 50, 25] as const;

/** How sheets are made. */
interface Grade {
  readonly tile: number;
  readonly quality: number;
}

type Read = (index: number) => Promise<Picture>;

/**
 * Thumbnails of the images `indices`, in order, in `budget` bytes of URLs at most. One sheet is in memory at a time. Should the
 * bytes of a few pictures have promised too much, all are made again in the next lower grade.
 *
 * @param progress - called with the number of pictures done
 * @throws DataError if even the lowest grade takes more than `budget`, or a picture cannot be read
 */
export async function thumbnails(
  source: ImageSource,
  indices: Int32Array,
  budget: number,
  progress: (done: number) => void = () => {},
): Promise<Sheets> {
  const every = Math.max(1, Math.floor(indices.length / probed));
  const some = indices.filter((_, i) => i % every === 0);
  const grades = gradesFor(await shortSide(source, some));
  const reduced = await reducedPictures(source, some, grades[0].tile);
  for (const grade of grades) {
    const expected = bytesOf(await sheetsOf(reduced, some, grade, () => {})) * (indices.length / some.length);
    if (expected > budget) continue;
    const sheets = await sheetsOf((i) => source.read(i), indices, grade, progress);
    if (bytesOf(sheets) <= budget) return sheets;
  }
  throw new DataError(
    "too-large",
    `the pictures of ${indices.length} images take more than the ${(budget / 1e6).toFixed(1)} MB that are left for them: show fewer images`,
    { settings: ["images"] },
  );
}

/** Pictures in the size of the largest tile, as reading large ones again and again takes long. */
async function reducedPictures(source: ImageSource, indices: Int32Array, side: number): Promise<Read> {
  const pictures = new Map<number, Picture>();
  for (const i of indices)
    pictures.set(i, { width: side, height: side, channels: 3, data: await tileOf(await source.read(i), side) });
  return async (i) => pictures.get(i) as Picture;
}

/** Best first: a lower quality before a smaller tile. */
const gradesFor = (short: number): readonly Grade[] =>
  tileSides(short).flatMap((tile) => qualities.map((quality) => ({ tile, quality })));

/** The longest of the short sides of a few pictures. */
async function shortSide(source: ImageSource, indices: Int32Array): Promise<number> {
  const few = indices.subarray(0, 16);
  const sides: number[] = [];
  for (const i of few) {
    const { width, height } = await source.read(i);
    sides.push(Math.min(width, height));
  }
  return Math.max(...sides);
}

const bytesOf = ({ urls }: Sheets): number => urls.reduce((sum, url) => sum + url.length, 0);

async function sheetsOf(
  read: Read,
  indices: Int32Array,
  { tile, quality }: Grade,
  progress: (done: number) => void,
): Promise<Sheets> {
  const { default: sharp } = await import("sharp");
  const most = Math.floor(mostSheetSide / tile);
  const columns = Math.min(most, Math.ceil(Math.sqrt(indices.length)));
  const rows = Math.min(most, Math.ceil(indices.length / columns));
  const urls: string[] = [];
  for (let from = 0; from < indices.length; from += columns * rows) {
    const sheet = new Uint8Array(columns * rows * tile * tile * 3);
    const shown = indices.subarray(from, from + columns * rows);
    for (let first = 0; first < shown.length; first += together) {
      const batch = shown.subarray(first, first + together);
      const tiles = await Promise.all(Array.from(batch, async (i) => tileOf(await read(i), tile)));
      for (const [t, pixels] of tiles.entries()) place(pixels, tile, sheet, columns, first + t);
      progress(from + first + batch.length);
    }
    const raw = { width: columns * tile, height: rows * tile, channels: 3 } as const;
    const webp = await sharp(sheet, { raw }).webp({ quality }).toBuffer();
    urls.push(`data:image/webp;base64,${webp.toString("base64")}`);
  }
  return { tile, columns, rows, urls };
}

/** Copies a tile to its place on a sheet. */
function place(pixels: Uint8Array, tile: number, sheet: Uint8Array, columns: number, at: number): void {
  const [left, top] = [(at % columns) * tile, Math.floor(at / columns) * tile];
  for (let y = 0; y < tile; y++)
    sheet.set(pixels.subarray(y * tile * 3, (y + 1) * tile * 3), ((top + y) * columns * tile + left) * 3);
}
