import test from "ava";
import sharp from "sharp";
import type { ImageSource, Picture } from "../../src/data/index.js";
import { DataError } from "../../src/errors.js";
import { sheetsBySharp } from "../../src/publish/index.js";
import { random } from "../../src/random.js";
import type { Sheets } from "../../src/report/index.js";
import { thumbnails } from "../../src/report/thumbnails.js";

const sourceOf = (count: number, read: (i: number) => Picture): ImageSource => ({
  count,
  labels: null,
  multilabel: null,
  classes: null,
  hierarchy: null,
  warnings: [],
  name: String,
  file: () => null,
  bytes: async () => null,
  content: async (i) => read(i).data,
  read: async (i) => read(i),
});

/** A picture of one colour. */
function plain(width: number, height: number, colour: readonly number[]): Picture {
  const channels = colour.length as 1 | 3;
  const data = Uint8Array.from({ length: width * height * channels }, (_, p) => colour[p % channels]);
  return { width, height, channels, data };
}

const noise = (side: number, seed: number): Picture => {
  const next = random(seed);
  const data = Uint8Array.from({ length: side * side * 3 }, () => 256 * next());
  return { width: side, height: side, channels: 3, data };
};

/** The pixels of image `i`, RGB. */
async function cut({ tile, columns, rows, urls }: Sheets, i: number): Promise<Buffer> {
  const [head, body] = urls[Math.floor(i / (columns * rows))].split(",");
  if (head !== "data:image/webp;base64") throw new Error(head);
  const within = i % (columns * rows);
  return sharp(Buffer.from(body, "base64"))
    .extract({ left: (within % columns) * tile, top: Math.floor(within / columns) * tile, width: tile, height: tile })
    .removeAlpha()
    .raw()
    .toBuffer();
}

const every = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
const at = (pixels: Buffer, tile: number, x: number, y: number) => [
  ...pixels.subarray((y * tile + x) * 3, (y * tile + x) * 3 + 3),
];
const isNear = (a: readonly number[], b: readonly number[], off: number) =>
  a.every((x, c) => Math.abs(x - b[c]) <= off);

const colourOf = (i: number) => [40 + 6 * (i % 30), 60 + 5 * (i % 31), 200 - 7 * (i % 23)];

test("every image is found at its place, over several sheets", async (t) => {
  const indices = every(1100).map((i) => 1099 - i);
  const done: number[] = [];
  const sheets = await thumbnails(
    sourceOf(1100, (i) => plain(100, 80, colourOf(i))),
    indices,
    5e6,
    sheetsBySharp,
    (n) => done.push(n),
  );
  t.is(sheets.tile, 64);
  t.true(sheets.columns * sheets.tile <= 2048 && sheets.rows * sheets.tile <= 2048);
  t.is(sheets.urls.length, Math.ceil(1100 / (sheets.columns * sheets.rows)));
  t.is(done.at(-1), 1100);
  for (const i of [0, 1, 31, 32, 1023, 1024, 1099]) {
    const middle = at(await cut(sheets, i), sheets.tile, 32, 32);
    t.true(isNear(middle, colourOf(1099 - i), 8), `${i}: ${middle}, not ${colourOf(1099 - i)}`);
  }
});

test("tiny pictures are enlarged pixel by pixel, and grey ones stay grey", async (t) => {
  // Left half dark, right half light: the edge stays an edge.
  const data = Uint8Array.from({ length: 28 * 28 }, (_, p) => (p % 28 < 14 ? 40 : 220));
  const sheets = await thumbnails(
    sourceOf(1, () => ({ width: 28, height: 28, channels: 1, data })),
    every(1),
    1e6,
    sheetsBySharp,
  );
  t.is(sheets.tile, 56);
  const pixels = await cut(sheets, 0);
  for (const [x, value] of [
    [5, 40],
    [25, 40],
    [30, 220],
    [50, 220],
  ]) {
    const seen = at(pixels, 56, x, 28);
    t.true(isNear(seen, [value, value, value], 12), `${x}: ${seen}`);
    t.true(Math.max(...seen) - Math.min(...seen) <= 2);
  }
});

test("of an oblong picture its middle is shown", async (t) => {
  const [width, height] = [300, 100];
  const middle = (p: number) => p % width >= 100 && p % width < 200;
  const data = Uint8Array.from({ length: width * height * 3 }, (_, p) => (middle(Math.floor(p / 3)) ? 200 : 20));
  const sheets = await thumbnails(
    sourceOf(1, () => ({ width, height, channels: 3, data })),
    every(1),
    1e6,
    sheetsBySharp,
  );
  const pixels = await cut(sheets, 0);
  for (const x of [4, 32, 59]) t.true(isNear(at(pixels, sheets.tile, x, 30), [200, 200, 200], 12), String(x));
});

test("the worst of pictures, noise, still keep to the bytes allowed; less are refused", async (t) => {
  const pictures = Array.from({ length: 20 }, (_, i) => noise(48, i));
  const source = sourceOf(300, (i) => pictures[i % 20]);
  for (const budget of [600_000, 200_000]) {
    const { urls } = await thumbnails(source, every(300), budget, sheetsBySharp);
    const bytes = urls.join("").length;
    t.true(bytes <= budget && bytes > budget / 4, `${bytes} of ${budget}`);
  }
  const error = await t.throwsAsync(thumbnails(source, every(300), 10_000, sheetsBySharp), { instanceOf: DataError });
  t.deepEqual((error as DataError).settings, ["images"]);
});
