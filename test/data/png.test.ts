/** The PNG decoder beside sharp, which is what it stands in for. */
import { crc32, deflateSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import sharp from "sharp";
import type { Picture } from "../../src/data/index.js";
import { decodePng } from "../../src/data/sources/png.js";
import { random } from "../../src/random.js";

const room = (length: number) => new Uint8Array(length);

async function bySharp(file: Buffer): Promise<Picture> {
  const image = sharp(file, { failOn: "truncated", pages: 1 }).rotate().flatten({ background: "#ffffff" });
  const { channels = 3 } = await image.metadata();
  const pixels = image.toColourspace(channels < 3 ? "b-w" : "srgb").raw({ depth: "uchar" });
  const { data, info } = await pixels.toBuffer({ resolveWithObject: true });
  return {
    width: info.width,
    height: info.height,
    channels: info.channels as Picture["channels"],
    data: new Uint8Array(data),
  };
}

function chunk(kind: string, body: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(kind, "latin1"), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

interface Kind {
  readonly type: 0 | 2 | 3 | 4 | 6;
  readonly depth: 1 | 2 | 4 | 8 | 16;
}
const kinds: readonly Kind[] = [
  ...([1, 2, 4, 8] as const).flatMap((depth) => [{ type: 0, depth } as const, { type: 3, depth } as const]),
  { type: 2, depth: 8 },
  { type: 4, depth: 8 },
  { type: 6, depth: 8 },
];
const samples = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 } as const;

/** The five filters of the format, on bytes of this row and the one above. */
function filtered(kind: number, row: Uint8Array, above: Uint8Array, step: number): number[] {
  const left = (i: number, of = row) => (i < step ? 0 : of[i - step]);
  const paeth = (a: number, b: number, c: number) => {
    const [pa, pb, pc] = [a, b, c].map((v) => Math.abs(a + b - c - v));
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
  };
  const predictions: readonly ((i: number) => number)[] = [
    () => 0,
    (i) => left(i),
    (i) => above[i],
    (i) => (left(i) + above[i]) >> 1,
    (i) => paeth(left(i), above[i], left(i, above)),
  ];
  return [kind, ...Array.from(row, (v, i) => (v - predictions[kind](i)) & 255)];
}

/** Where the pixels of each pass lie: first column and row, and steps. */
const whole = [[0, 0, 1, 1]] as const;
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

interface Asked extends Kind {
  readonly width: number;
  readonly height: number;
  readonly interlaced: boolean;
  readonly transparent: boolean;
  readonly seed: number;
}

/** A file of random pixels, written by the format's rules. */
function written(asked: Asked, extra: readonly Buffer[] = []): Buffer {
  const { type, depth, width, height, interlaced, transparent, seed } = asked;
  const draw = random(seed);
  const below = (n: number) => Math.floor(n * draw());
  const colours = Math.min(2 ** depth, 5);
  const level = () => (type === 3 ? below(colours) : below(3) > 0 ? below(2 ** depth) : 0);
  const pixel = Array.from({ length: height }, () =>
    Array.from({ length: width }, () => Array.from({ length: samples[type] }, level)),
  );
  const bits = depth * samples[type];
  const lines: number[] = [];
  for (const [x0, y0, dx, dy] of interlaced ? adam7 : whole) {
    let above: Uint8Array | null = null;
    for (let y = y0; y < height && x0 < width; y += dy) {
      const values = pixel[y].filter((_, x) => x >= x0 && (x - x0) % dx === 0).flat();
      const row = new Uint8Array(Math.ceil((values.length * depth) / 8));
      for (const [i, v] of values.entries()) {
        const at = i * depth;
        if (depth === 16) row.set([v >> 8, v & 255], 2 * i);
        else row[at >> 3] |= v << (8 - depth - (at & 7));
      }
      lines.push(...filtered(below(5), row, above ?? new Uint8Array(row.length), Math.max(1, bits >> 3)));
      above = row;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type, 0, 0, interlaced ? 1 : 0], 8);
  const key = Buffer.alloc(2 * samples[type]);
  for (const [i, v] of pixel[0][0].entries()) key.writeUInt16BE(v, 2 * i);
  const alphas = type === 3 ? Buffer.from(Array.from({ length: colours }, () => below(256))) : key;
  const palette = Buffer.from(Array.from({ length: 3 * colours }, () => below(256)));
  const data = deflateSync(Uint8Array.from(lines));
  const cut = below(data.length);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    ...extra,
    ...(type === 3 ? [chunk("PLTE", palette)] : []),
    ...(transparent && type !== 4 && type !== 6 ? [chunk("tRNS", alphas)] : []),
    ...[data.subarray(0, cut), data.subarray(cut)].map((part) => chunk("IDAT", part)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

const plain: Asked = {
  type: 2,
  depth: 8,
  width: 12,
  height: 9,
  interlaced: false,
  transparent: false,
  seed: 1,
};

test("bytes are sharp's: every colour type, depth, filter and interlacing, with and without transparency", async (t) => {
  const side = fc.integer({ min: 1, max: 24 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...kinds),
      side,
      side,
      fc.boolean(),
      fc.boolean(),
      fc.nat(),
      async (kind, width, height, interlaced, transparent, seed) => {
        const file = written({ ...kind, width, height, interlaced, transparent, seed });
        t.deepEqual(decodePng(file, room), await bySharp(file));
      },
    ),
    { numRuns: 150 },
  );
});

test("transparency over white is sharp's for every level and alpha", async (t) => {
  const data = Uint8Array.from({ length: 256 ** 2 * 4 }, (_, i) => (i % 4 === 3 ? (i >> 2) >> 8 : (i >> 2) & 255));
  const file = await sharp(data, { raw: { width: 256, height: 256, channels: 4 } })
    .png()
    .toBuffer();
  t.deepEqual(decodePng(file, room), await bySharp(file));
});

const text = (kind: string, words: string) => chunk(kind, Buffer.from(`${words}\0nothing`, "latin1"));

test("gamma, chromaticities, resolution and texts change nothing, as with sharp", async (t) => {
  const gamma = Buffer.alloc(4);
  gamma.writeUInt32BE(100_000); // linear light
  const chroma = Buffer.alloc(32, 1);
  const extra = [
    chunk("gAMA", gamma),
    chunk("cHRM", chroma),
    chunk("pHYs", Buffer.from([0, 0, 11, 19, 0, 0, 11, 19, 1])),
    text("tEXt", "Software"),
  ];
  const file = written(plain, extra);
  t.deepEqual(decodePng(file, room), await bySharp(file));
  t.deepEqual(decodePng(file, room), decodePng(written(plain), room));
});

test("pixels go where they are wanted", (t) => {
  const held = new Uint8Array(1000);
  const found = decodePng(written(plain), (length) => held.subarray(0, length));
  t.is(found?.data.buffer, held.buffer);
  t.true(held.subarray(0, 324).some((v) => v > 0) && held.subarray(324).every((v) => v === 0));
});

test("files that are not plain, not small or not sound are left to sharp", async (t) => {
  const picture = sharp(Buffer.alloc(12 * 9 * 3, 77), { raw: { width: 12, height: 9, channels: 3 } });
  const file = written(plain);
  const others = {
    "of 16 bits": written({ ...plain, depth: 16 }),
    turned: await picture.clone().png().withMetadata({ orientation: 6 }).toBuffer(),
    "of another colour space": await picture.clone().png().withIccProfile("p3").toBuffer(),
    "with EXIF as a text": written(plain, [text("tEXt", "Raw profile type exif")]),
    "of many pixels": written({ ...plain, type: 0, depth: 1, width: 300, height: 300 }),
    "with an unknown chunk that matters": written(plain, [chunk("ABCD", new Uint8Array(3))]),
    cut: file.subarray(0, file.length / 2),
    "without its end": file.subarray(0, file.length - 12),
    "all header": file.subarray(0, 33),
    "two bytes": file.subarray(0, 2),
    empty: file.subarray(0, 0),
    "a JPEG": await picture.clone().jpeg().toBuffer(),
  };
  for (const [what, other] of Object.entries(others)) t.is(decodePng(other, room), null, what);
});

test("a byte that is changed is noticed, or changes nothing", (t) => {
  const file = written(plain, [text("tEXt", "Software")]);
  const expected = decodePng(file, room);
  let noticed = 0;
  for (let at = 0; at < file.length; at++) {
    const changed = Buffer.from(file);
    changed[at] ^= 0x15;
    const found = decodePng(changed, room);
    if (found === null) noticed++;
    else t.deepEqual(found, expected, `byte ${at}`);
  }
  t.true(noticed > file.length * 0.8, `${noticed} of ${file.length}`);
});
