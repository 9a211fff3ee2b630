/** Pictures made to be measured with: JPEG files of a photograph's side, size and detail, the same ones every time. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { type Random, random } from "../../src/random.js";

const [width, height] = [500, 375];
/** The scenes that photographs are cut from, and how far a cut may be moved. */
const scenes = 50;
const margin = 120;
const classes = 10;

const raw = (wide: number, high: number, channels: 1 | 3) => ({ raw: { width: wide, height: high, channels } });

/** Noise of an octave: random greys `cell` pixels apart, smooth between. */
function octave(cell: number, draw: Random): Promise<Buffer> {
  const [wide, high] = [Math.ceil((width + margin) / cell), Math.ceil((height + margin) / cell)];
  const greys = new Uint8Array(wide * high);
  for (let i = 0; i < greys.length; i++) greys[i] = 256 * draw();
  return sharp(greys, raw(wide, high, 1))
    .resize(width + margin, height + margin, { fit: "fill", kernel: "cubic" })
    .extractChannel(0)
    .raw()
    .toBuffer();
}

/** Leaning ellipses of one colour each: edges. */
function edges(draw: Random): Buffer {
  const shapes = Array.from({ length: 60 }, () => {
    const [x, y, turn, hue, light] = [width + margin, height + margin, 360, 360, 100].map((most) =>
      Math.floor(most * draw()),
    );
    const [rx, ry] = [5 + 95 * draw(), 5 + 95 * draw()].map(Math.round);
    const fill = `fill="hsl(${hue},60%,${light}%)" fill-opacity="0.7"`;
    return `<ellipse cx="${x}" cy="${y}" rx="${rx}" ry="${ry}" transform="rotate(${turn} ${x} ${y})" ${fill}/>`;
  });
  return Buffer.from(`<svg width="${width + margin}" height="${height + margin}">${shapes.join("")}</svg>`);
}

/** Eight octaves, the finer the weaker, coloured by edges. */
async function scene(draw: Random): Promise<Buffer> {
  const sum = new Float32Array((width + margin) * (height + margin)).fill(128);
  for (const [i, cell] of [128, 64, 32, 16, 8, 4, 2, 1].entries()) {
    const noise = await octave(cell, draw);
    const share = 0.35 * 0.9 ** i;
    for (let at = 0; at < sum.length; at++) sum[at] += share * (noise[at] - 128);
  }
  return sharp(Uint8ClampedArray.from(sum), raw(width + margin, height + margin, 1))
    .toColourspace("srgb")
    .composite([{ input: edges(draw), blend: "overlay" }])
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Writes `count` photographs into class folders: cuts of the scenes, some mirrored, each of its own tint. */
async function writePhotos(folder: string, count: number, draw: Random): Promise<void> {
  const all: Buffer[] = [];
  for (let i = 0; i < scenes; i++) all.push(await scene(random(i)));
  for (let c = 0; c < classes; c++) await mkdir(join(folder, `${c}`), { recursive: true });
  for (let i = 0; i < count; i++) {
    const [left, top] = [Math.floor(margin * draw()), Math.floor(margin * draw())];
    await sharp(all[i % scenes], raw(width + margin, height + margin, 3))
      .extract({ left, top, width, height })
      .flop(draw() < 0.5)
      .linear([0.8 + 0.4 * draw(), 0.8 + 0.4 * draw(), 0.8 + 0.4 * draw()], [0, 0, 0])
      .jpeg({ quality: 90 })
      .toFile(join(folder, `${i % classes}`, `${i}.jpg`));
  }
}

/** Makes photographs, `train/CLASS/*.jpg` and a few under `test`, in a folder that is there while `use` runs. */
export async function withPhotos<T>(count: number, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-photos-"));
  try {
    await writePhotos(join(folder, "train"), count, random(1, 0));
    await writePhotos(join(folder, "test"), 2 * classes, random(1, 1));
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
