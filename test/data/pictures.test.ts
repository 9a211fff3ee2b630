import { mkdir, mkdtemp, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "ava";
import sharp, { type Sharp } from "sharp";
import { describeSource, openSource } from "../../src/data/index.js";

const [width, height] = [16, 8];
const pixels = (of: (x: number, y: number) => readonly number[]): number[] =>
  Array.from({ length: width * height }, (_, i) => of(i % width, Math.floor(i / width))).flat();
const image = (channels: 1 | 2 | 3 | 4, of: (x: number, y: number) => readonly number[]): Sharp =>
  sharp(Buffer.from(pixels(of)), { raw: { width, height, channels } });

/** Left half one colour, right half another: flat, so that lossy formats keep it. */
const halves = (left: readonly number[], right: readonly number[]) => (x: number) => (x < width / 2 ? left : right);
const [red, blue] = [
  [200, 40, 30],
  [20, 60, 220],
];
const colour = () => image(3, halves(red, blue));
const grey = () => image(1, halves([50], [180])).toColourspace("b-w");

async function written(make: (file: string) => Promise<unknown>, name: string) {
  const root = await mkdtemp(join(tmpdir(), "hcsc-pictures-"));
  await mkdir(dirname(join(root, name)), { recursive: true });
  await make(join(root, name));
  return root;
}

const cases: readonly [
  what: string,
  file: string,
  make: (file: string) => Promise<unknown>,
  expected: (x: number, y: number) => readonly number[],
  tolerance: number,
][] = [
  ["PNG", "a.png", (f) => colour().png().toFile(f), halves(red, blue), 0],
  ["JPEG", "a.JPG", (f) => colour().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toFile(f), halves(red, blue), 4],
  ["lossless WebP", "a.webp", (f) => colour().webp({ lossless: true }).toFile(f), halves(red, blue), 0],
  ["AVIF", "a.avif", (f) => colour().avif({ quality: 100 }).toFile(f), halves(red, blue), 6],
  ["TIFF", "a.tiff", (f) => colour().tiff({ compression: "lzw" }).toFile(f), halves(red, blue), 0],
  ["grey PNG", "a.png", (f) => grey().png().toFile(f), halves([50], [180]), 0],
  ["palette PNG", "a.png", (f) => colour().png({ palette: true }).toFile(f), halves(red, blue), 1],
  [
    "half-transparent RGBA over white",
    "a.png",
    (f) =>
      image(4, halves([...red, 255], [0, 0, 0, 128]))
        .png()
        .toFile(f),
    halves(red, [127, 127, 127]),
    1,
  ],
  [
    "grey with transparency over white",
    "a.png",
    (f) =>
      image(2, halves([50, 255], [0, 0]))
        .toColourspace("b-w")
        .png()
        .toFile(f),
    halves([50], [255]),
    1,
  ],
  // Colours that ink can print: others change by the conversion itself.
  [
    "CMYK TIFF",
    "a.tif",
    (f) =>
      image(3, halves([150, 120, 110], [90, 110, 130]))
        .toColourspace("cmyk")
        .tiff({ compression: "lzw" })
        .toFile(f),
    halves([150, 120, 110], [90, 110, 130]),
    8,
  ],
  ["16-bit PNG", "a.png", (f) => colour().toColourspace("rgb16").png().toFile(f), halves(red, blue), 1],
  ["16-bit grey PNG", "a.png", (f) => grey().toColourspace("grey16").png().toFile(f), halves([50], [180]), 1],
];

for (const [what, name, make, expected, tolerance] of cases) {
  test(`${what} decodes to its pixels`, async (t) => {
    const source = openSource(await describeSource(await written(make, name)));
    const picture = await source.read(0);
    const wanted = pixels(expected);
    t.deepEqual([picture.width, picture.height, picture.channels], [width, height, wanted.length / width / height]);
    const worst = picture.data.reduce((m, v, i) => Math.max(m, Math.abs(v - wanted[i])), 0);
    t.true(worst <= tolerance, `off by ${worst}`);
  });
}

test("the first frame of a GIF is taken", async (t) => {
  const frames = Buffer.from([...pixels(() => red), ...pixels(() => blue)]);
  const make = (f: string) =>
    sharp(frames, { raw: { width, height: 2 * height, channels: 3, pageHeight: height } })
      .gif({ delay: [100, 100] })
      .toFile(f);
  const { width: w, height: h, data } = await openSource(await describeSource(await written(make, "a.gif"))).read(0);
  t.deepEqual([w, h], [width, height]);
  t.true(data.every((v, i) => Math.abs(v - red[i % 3]) <= 8));
});

test("EXIF orientation 6 turns the image upright", async (t) => {
  const make = (f: string) => colour().withMetadata({ orientation: 6 }).png().toFile(f);
  const { width: w, height: h, data } = await openSource(await describeSource(await written(make, "a.png"))).read(0);
  t.deepEqual([w, h], [height, width]);
  t.deepEqual([...data.subarray(0, 3)], red); // The left half has become the top.
  t.deepEqual([...data.subarray(-3)], blue);
});

test("the first sub-folder is the label; other files are left out with a warning", async (t) => {
  const root = await written((f) => colour().png().toFile(f), "cats/young/1.png");
  for (const name of ["cats/2.png", "dogs/3.png"]) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await colour().png().toFile(join(root, name));
  }
  await writeFile(join(root, "dogs/notes.txt"), "");
  const source = openSource(await describeSource(root));
  t.deepEqual([0, 1, 2].map(source.name), ["cats/2.png", "cats/young/1.png", "dogs/3.png"]);
  t.deepEqual([...(source.labels ?? [])], [0, 0, 1]);
  t.deepEqual(source.classes, ["cats", "dogs"]);
  t.regex(source.warnings.join(), /1 file of another kind is left out: 1 \.txt/);
});

test("a truncated file is an error that names it", async (t) => {
  const root = await written((f) => colour().png().toFile(f), "cut.png");
  const { size } = await stat(join(root, "cut.png"));
  await truncate(join(root, "cut.png"), Math.floor(size / 2));
  const source = openSource(await describeSource(root));
  await t.throwsAsync(source.read(0), { name: "DataError", message: /cut\.png cannot be decoded/ });
});
