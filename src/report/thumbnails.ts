/** Pictures as sprite sheets that a page can hold: as large and as good as a number of bytes allows. */
import type { ImageSource, Picture } from "../data/index.js";
import { DataError } from "../errors.js";
import type { Sheets } from "./data.js";

/** Sides of sheets: what phones decode. */
const mostSheetSide = 2048;
/** Pictures read at once: a large photo takes tens of megabytes. */
const together = 4;
/** Pictures whose bytes tell how many all will take. */
const probed = 256;
const qualities = [80, 50, 25] as const;

/** Sides up to which pictures are enlarged pixel by pixel, to stay crisp. */
export const tinySide = 32;

/** Who cuts pictures and encodes sheets: sharp in Node, canvases in a page. */
export interface SheetMaker {
  /** The middle square of a picture, `side` pixels wide, as RGB [side, side, 3]. */
  tile(picture: Picture, side: number): Promise<Uint8Array>;
  /** RGB [height, width, 3] as a picture of a quality up to 100, as a `data:` URL. */
  sheet(pixels: Uint8Array, width: number, height: number, quality: number): Promise<string>;
}

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
 * @param maker - who cuts and encodes
 * @param progress - called with the number of pictures done
 * @throws DataError if even the lowest grade takes more than `budget`, or a picture cannot be read
 */
export async function thumbnails(
  source: ImageSource,
  indices: Int32Array,
  budget: number,
  maker: SheetMaker,
  progress: (done: number) => void = () => {},
): Promise<Sheets> {
  const every = Math.max(1, Math.floor(indices.length / probed));
  const some = indices.filter((_, i) => i % every === 0);
  const grades = gradesFor(await shortSide(source, some));
  const reduced = await reducedPictures(source, some, grades[0].tile, maker);
  for (const grade of grades) {
    const expected = bytesOf(await sheetsOf(reduced, some, grade, maker, () => {})) * (indices.length / some.length);
    if (expected > budget) continue;
    const sheets = await sheetsOf((i) => source.read(i), indices, grade, maker, progress);
    if (bytesOf(sheets) <= budget) return sheets;
  }
  throw new DataError(
    "too-large",
    `the pictures of ${indices.length} images take more than the ${(budget / 1e6).toFixed(1)} MB that are left for them: show fewer images`,
    { settings: ["images"] },
  );
}

/** Pictures in the size of the largest tile, as reading large ones again and again takes long. */
async function reducedPictures(
  source: ImageSource,
  indices: Int32Array,
  side: number,
  maker: SheetMaker,
): Promise<Read> {
  const pictures = new Map<number, Picture>();
  for (const i of indices)
    pictures.set(i, { width: side, height: side, channels: 3, data: await maker.tile(await source.read(i), side) });
  return async (i) => pictures.get(i) as Picture;
}

/** Best first: a lower quality before a smaller tile. */
const gradesFor = (short: number): readonly Grade[] =>
  tileSides(short).flatMap((tile) => qualities.map((quality) => ({ tile, quality })));

/** The sides of tiles to try for pictures `short` pixels wide, largest first: of tiny ones first the whole multiples. */
export function tileSides(short: number): readonly number[] {
  const usual = [64, 48, 32];
  if (short > tinySide) return usual;
  const multiples = [4, 3, 2, 1].map((m) => m * short).filter((s) => s >= 32 && s <= 64);
  return multiples.length > 0 ? multiples : [64, 32];
}

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
  maker: SheetMaker,
  progress: (done: number) => void,
): Promise<Sheets> {
  const most = Math.floor(mostSheetSide / tile);
  const columns = Math.min(most, Math.ceil(Math.sqrt(indices.length)));
  const rows = Math.min(most, Math.ceil(indices.length / columns));
  const urls: string[] = [];
  for (let from = 0; from < indices.length; from += columns * rows) {
    const sheet = new Uint8Array(columns * rows * tile * tile * 3);
    const shown = indices.subarray(from, from + columns * rows);
    for (let first = 0; first < shown.length; first += together) {
      const batch = shown.subarray(first, first + together);
      const tiles = await Promise.all(Array.from(batch, async (i) => maker.tile(await read(i), tile)));
      for (const [t, pixels] of tiles.entries()) place(pixels, tile, sheet, columns, first + t);
      progress(from + first + batch.length);
    }
    urls.push(await maker.sheet(sheet, columns * tile, rows * tile, quality));
  }
  return { tile, columns, rows, urls };
}

/** Copies a tile to its place on a sheet. */
function place(pixels: Uint8Array, tile: number, sheet: Uint8Array, columns: number, at: number): void {
  const [left, top] = [(at % columns) * tile, Math.floor(at / columns) * tile];
  for (let y = 0; y < tile; y++)
    sheet.set(pixels.subarray(y * tile * 3, (y + 1) * tile * 3), ((top + y) * columns * tile + left) * 3);
}
