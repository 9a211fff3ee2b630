/** Folders laid out as data sets are, with tiny images in them. */
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import sharp from "sharp";
import { describeSource, openLoader, openSource } from "../../src/data/index.js";

/** A folder with files of these contents. */
export async function folder(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "hcsc-layout-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return root;
}

/** Small JPEGs of these names, the i-th of grey level 20 + 10 i. */
export async function pictures(names: readonly string[]): Promise<Readonly<Record<string, Uint8Array>>> {
  const made = names.map(async (name, i) => [name, await jpeg(greyOf(i))] as const);
  return Object.fromEntries(await Promise.all(made));
}

export const greyOf = (i: number): number => 20 + 10 * i;

const jpeg = (level: number): Promise<Buffer> =>
  sharp({ create: { width: 8, height: 6, channels: 3, background: { r: level, g: level, b: level } } })
    .jpeg({ quality: 100 })
    .toBuffer();

export const open = async (text: string) => openSource(await describeSource(text));

/** What a set says of its images. */
export async function said(text: string) {
  const { count, labels, multilabel, classes, hierarchy, name } = await open(text);
  return {
    names: Array.from({ length: count }, (_, i) => name(i)),
    labels: labels && [...labels],
    multilabel: multilabel && rowsOf(multilabel),
    classes,
    hierarchy: hierarchy?.map((level) => [...level]) ?? null,
  };
}

export const rowsOf = ({
  shape: [rows, width],
  data,
}: {
  readonly shape: readonly number[];
  readonly data: Int8Array;
}) => Array.from({ length: rows }, (_, r) => [...data.subarray(r * width, (r + 1) * width)]);

/** The loader's threads read every image of the set, in its order: their grey levels are those given. */
export async function loadsInThreads(t: ExecutionContext, text: string, greys: readonly number[]): Promise<void> {
  const source = await describeSource(text);
  const loader = openLoader({ source, seed: 1, workers: 2, tolerance: 0 });
  const policy = { size: 4, channels: 3, resize: 0, interpolation: "bilinear" } as const;
  try {
    const indices = Int32Array.from(greys.keys());
    const { value } = await loader.evaluate([{ indices, epoch: 0 }], policy).next();
    t.is(loader.broken.size, 0);
    for (const [i, grey] of greys.entries()) {
      const level = value.views[0][i * 48];
      t.true(Math.abs(level - grey) <= 2, `image ${i} of ${text}: ${level}, not ${grey}`);
    }
  } finally {
    await loader.close();
  }
}
