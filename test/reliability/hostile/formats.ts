/** What people give, format by format: sound files to make hostile ones of, and the product's way to read them. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import sharp from "sharp";
import { describeSource, identityOf, openSource } from "../../../src/data/index.js";
import { onDisk } from "../../../src/disk/index.js";
import { readModel } from "../../../src/graph/index.js";
import { loadRecipe, readNamed } from "../../../src/presets/index.js";
import { parseSweep, planRuns } from "../../../src/sweep/plan.js";
import { readTensors, sha256 } from "../../../src/tensorfile/index.js";
import { encodeSealed, encodeTensors } from "../../../src/tensors/index.js";
import { lastSoundCheckpoint, RunFolder } from "../../../src/train/index.js";
import { openWeights } from "../../../src/weights/index.js";
import { tinyRecipe } from "../../commands/cli.js";
import { npy, tiff } from "../../data/bands.js";
import { floats, file as onnxFile, op } from "../../graph/onnxFile.js";
import type { Kind } from "./mutate.js";

export interface Format {
  /** The hostile file's name, below a folder of its own. */
  readonly file: string;
  readonly kind: Kind;
  /** Files that lie beside it. */
  readonly beside?: () => Promise<Readonly<Record<string, Uint8Array | string>>>;
  readonly seeds: () => Promise<readonly (Uint8Array | string)[]>;
  /** Reads it as the product does, and checks what comes of it. @throws what the product throws */
  readonly read: (file: string, folder: string) => Promise<void>;
  /** Whether errors are of a library call that is given bytes: they name no file then. */
  readonly isNameless?: boolean;
}

/** What is no error of the file's: the product gave something that it must not. */
export class Unsound extends Error {}

const must = (holds: boolean, what: string): void => {
  if (!holds) throw new Unsound(what);
};

const noise = (width: number, height: number, channels: 1 | 3 | 4) =>
  sharp(Buffer.from(Array.from({ length: width * height * channels }, (_, i) => (i * i * 7 + i * 13) % 251)), {
    raw: { width, height, channels },
  });

/** Reads a set of images: the pictures are whole, the labels are of its classes. */
async function readSet(text: string): Promise<void> {
  const source = openSource(await describeSource(text));
  const { count, labels, multilabel, classes } = source;
  must(Number.isInteger(count) && count > 0, `a set of ${count} images`);
  const [known, rows] = [classes?.length ?? 0, labels ?? []];
  must(!labels || labels.length === count, `${labels?.length} labels of ${count} images`);
  must(
    rows.every((id) => Number.isInteger(id) && id >= -1 && id < known),
    `labels beside its ${known} classes`,
  );
  must(!multilabel || multilabel.shape[1] === known, `${multilabel?.shape} labels of ${known} classes`);
  for (const [i, name] of [source.name(0), source.name(count - 1)].entries()) {
    must(typeof name === "string" && name !== "", `image ${i} has no name`);
    const { width, height, channels, data } = await source.read(i === 0 ? 0 : count - 1);
    must(width > 0 && height > 0 && channels >= 1 && channels <= 16, `a picture of ${width}x${height}x${channels}`);
    must(data.length === width * height * channels, `${data.length} bytes of ${width}x${height}x${channels}`);
  }
  await identityOf(source);
}

const image = (extension: string, seeds: Format["seeds"]): Format => ({
  file: `picture.${extension}`,
  kind: "binary",
  seeds,
  read: readSet,
});

const list = (extension: string, ...seeds: readonly string[]): Format => ({
  file: `list.${extension}`,
  kind: "text",
  beside: async () =>
    Object.fromEntries(
      await Promise.all(
        ["a.jpg", "b c.jpg", "sub/d.jpg"].map(async (n) => [n, await noise(6, 5, 3).jpeg().toBuffer()]),
      ),
    ),
  seeds: async () => seeds,
  read: readSet,
});

const ints = (...numbers: readonly number[]): Buffer => {
  const bytes = Buffer.alloc(4 * numbers.length);
  for (const [i, n] of numbers.entries()) bytes.writeUInt32BE(n, 4 * i);
  return bytes;
};
const idx = (shape: readonly number[]): Buffer =>
  Buffer.concat([
    ints(0x800 + shape.length, ...shape),
    Buffer.alloc(
      shape.reduce((a, b) => a * b, 1),
      77,
    ),
  ]);

const state = {
  "query/conv1.weight": { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  "assignment/0": { shape: [3], data: Int32Array.of(0, 1, 0) },
};
const about = { position: '{"epoch":1,"batch":0,"step":4,"enqueued":64}', format: "hcsc-checkpoint-2" };
const sealed = () => Buffer.concat([...encodeSealed(state, about, sha256())]);

const runBeside = async () => ({
  "run.json": JSON.stringify({ recipe: await loadRecipe("demo", []), data: "x", images: 3, versions: {}, started: "" }),
  "images.json": JSON.stringify({ images: [["a", 1]], sample: [[0, null]] }),
  "metrics.jsonl": `${JSON.stringify({ kind: "step", step: 1, epoch: 0, loss: 2, terms: [2], gradientNorm: 1 })}\n`,
  "checkpoints/step-00000004.safetensors": sealed(),
});

async function readRun(folder: string): Promise<void> {
  const run = await RunFolder.open(onDisk(folder));
  await run.images();
  must(
    (await run.metrics()).every(({ step }) => Number.isFinite(step)),
    "a metric without its step",
  );
  const { position, assignments } = await lastSoundCheckpoint(run, () => {});
  must(
    Object.values(position).every((n) => Number.isSafeInteger(n) && n >= 0),
    JSON.stringify(position),
  );
  must(
    assignments.every((a) => a instanceof Int32Array),
    "assignments that are no integers",
  );
}

const ofRun = (file: string, kind: Kind): Format => ({
  file,
  kind,
  beside: runBeside,
  seeds: async () => [(await runBeside())[file as keyof Awaited<ReturnType<typeof runBeside>>]],
  read: (_, folder) => readRun(folder),
});

async function readAnyWeights(path: string): Promise<void> {
  for (const [name, { shape, read }] of (await openWeights(path)).tensors) {
    const data = read();
    must(data.length === shape.reduce((a, b) => a * b, 1), `${name} [${shape}] has ${data.length} numbers`);
  }
}

const model = () =>
  onnxFile({
    inputs: [{ name: "x", dtype: "float32", shape: ["n", 3] }],
    outputs: [{ name: "y", dtype: "float32", shape: ["n", 2] }],
    constants: [floats("bn1.running_var", [3]), floats("layer1.0.conv1.weight", [3, 2]), floats("bn1.bias", [2])],
    nodes: [op("MatMul", "x layer1.0.conv1.weight", "m"), op("Add", "m bn1.bias", "y")],
  });

const voc = (objects: string) =>
  `<?xml version="1.0"?>\n<annotation><filename>a.jpg</filename><size><width>6</width></size>${objects}</annotation>`;

async function parquetOf(): Promise<Uint8Array> {
  const writer = new ByteWriter();
  const jpeg = await noise(6, 5, 3).jpeg().toBuffer();
  parquetWrite({
    writer,
    columnData: [
      { name: "image", type: "BYTE_ARRAY", data: [Uint8Array.from(jpeg), Uint8Array.from(jpeg)] },
      { name: "label", type: "INT32", data: Int32Array.of(1, 0) },
    ],
    kvMetadata: [{ key: "huggingface", value: '{"info": {"features": {"label": {"names": ["no", "yes"]}}}}' }],
  });
  return new Uint8Array(writer.getBuffer());
}

/** As Hugging Face writes tables: images in groups of bytes and path. */
async function tableOf(): Promise<Uint8Array> {
  const writer = new ByteWriter();
  const bytes = Uint8Array.from(await noise(6, 5, 3).jpeg().toBuffer());
  parquetWrite({
    writer,
    rowGroupSize: 2,
    schema: [
      { name: "root", num_children: 2 },
      { name: "image", repetition_type: "OPTIONAL", num_children: 2 },
      { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
      { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
      { name: "label", type: "INT64", repetition_type: "OPTIONAL" },
    ],
    columnData: [
      { name: "image", data: ["a.jpg", "b.jpg", null].map((path) => ({ bytes, path })) },
      { name: "label", data: [0n, 1n, 2n] },
    ],
  });
  return new Uint8Array(writer.getBuffer());
}

/** Two samples with their labels, by the system's tar. */
async function archiveOf(format: string): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-tar-"));
  const name = `${"folder/".repeat(18)}a`;
  await mkdir(join(folder, name, ".."), { recursive: true });
  for (const [extension, content] of [
    ["jpg", await noise(6, 5, 3).jpeg().toBuffer()],
    ["cls", "1"],
  ] as const)
    await writeFile(join(folder, `${name}.${extension}`), content);
  await writeFile(join(folder, "b.png"), await noise(6, 5, 3).png().toBuffer());
  await writeFile(join(folder, "b.json"), '{"label": 0}');
  const made = execFileSync("tar", [`--format=${format}`, "-cf", "-", "-C", folder, "folder", "b.png", "b.json"]);
  await rm(folder, { recursive: true });
  return made;
}

export const formats = {
  jpeg: image("jpg", () =>
    Promise.all([
      noise(20, 14, 3).jpeg().toBuffer(),
      noise(20, 14, 3).jpeg({ progressive: true }).toBuffer(),
      noise(20, 14, 1).toColourspace("b-w").jpeg().toBuffer(),
      noise(20, 14, 3)
        .jpeg()
        .withExif({ IFD0: { Copyright: "x" } })
        .toBuffer(),
    ]),
  ),
  png: image("png", () =>
    Promise.all([
      noise(20, 14, 4).png().toBuffer(),
      noise(20, 14, 3).png({ palette: true }).toBuffer(),
      noise(20, 14, 3).toColourspace("rgb16").png().toBuffer(),
      noise(300, 260, 3).png().toBuffer(),
    ]),
  ),
  webp: image("webp", () =>
    Promise.all([noise(20, 14, 4).webp().toBuffer(), noise(20, 14, 3).webp({ lossless: true }).toBuffer()]),
  ),
  gif: image("gif", () => Promise.all([noise(20, 14, 3).gif().toBuffer(), noise(9, 9, 4).gif().toBuffer()])),
  tiff: image("tif", () =>
    Promise.all([
      noise(20, 14, 3).tiff({ compression: "lzw" }).toBuffer(),
      noise(20, 14, 3).tiff({ compression: "jpeg" }).toBuffer(),
      noise(40, 40, 1).tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
      noise(20, 14, 4).tiff({ compression: "none" }).toBuffer(),
    ]),
  ),
  "tiff of many channels": image("tif", async () => [
    tiff(5, 4, new Uint8Array(100).fill(9)),
    tiff(5, 4, new Uint16Array(160).fill(900)),
    tiff(5, 4, new Uint8Array(80).fill(9), { photometric: 2 }),
  ]),
  npy: image("npy", async () => [
    npy("|u1", [5, 4, 6], new Uint8Array(120).fill(9)),
    npy("<u2", [5, 4], new Uint16Array(20).fill(9)),
    npy("<f4", [3, 20, 21], new Float32Array(1260).fill(0.5)),
  ]),
  bmp: image("bmp", async () => {
    const header = Buffer.alloc(54);
    header.write("BM", "latin1");
    for (const [at, value] of [
      [10, 54],
      [14, 40],
      [18, 3],
      [22, 2],
    ])
      header.writeUInt32LE(value, at);
    header.writeUInt16LE(1, 26);
    header.writeUInt16LE(24, 28);
    const palette = Buffer.concat([header, Buffer.alloc(1024, 9), Buffer.alloc(8, 3)]);
    palette.writeUInt16LE(8, 28);
    palette.writeUInt32LE(54 + 1024, 10);
    return [Buffer.concat([header, Buffer.alloc(24, 200)]), palette];
  }),
  netpbm: {
    ...image("ppm", async () => [
      "P3 2 2 255\n1 2 3 4 5 6 7 8 9 10 11 12\n",
      "P6 2 2 255\nabcdefghijkl",
      "P5 3 1 65535\nabcdef",
      "P2\n# grey\n2 1 9\n1 9\n",
    ]),
    kind: "text",
  },
  idx: {
    file: "train-images-idx3-ubyte",
    kind: "binary",
    seeds: async () => [idx([3, 4, 5]), idx([3, 4, 5, 3])],
    beside: async () => ({ "train-labels-idx1-ubyte": idx([3]) }),
    read: readSet,
  },
  "idx labels": {
    file: "train-labels-idx1-ubyte",
    kind: "binary",
    seeds: async () => [idx([3])],
    beside: async () => ({ "train-images-idx3-ubyte": idx([3, 4, 5]) }),
    read: (_, folder) => readSet(folder),
  },
  "idx, zipped": {
    file: "train-images-idx3-ubyte.gz",
    kind: "binary",
    seeds: async () => [gzipSync(idx([3, 4, 5])), gzipSync(idx([200, 40, 50]))],
    read: readSet,
  },
  cifar: {
    file: "data_batch_1.bin",
    kind: "binary",
    seeds: async () => [Buffer.alloc(2 * 3073, 5), Buffer.alloc(3073, 1)],
    beside: async () => ({ "batches.meta.txt": "a\nb\nc\nd\ne\nf\n" }),
    read: (_, folder) => readSet(folder),
  },
  "cifar's names": {
    file: "batches.meta.txt",
    kind: "text",
    seeds: async () => ["airplane\nautomobile\nbird\n"],
    beside: async () => ({ "data_batch_1.bin": Buffer.alloc(2 * 3073, 2) }),
    read: (_, folder) => readSet(folder),
  },
  csv: list(
    "csv",
    "file,label\na.jpg,cat\nb c.jpg,dog\n",
    'path;labels\n"a.jpg";cat|dog\nsub/d.jpg;\n',
    "a.jpg 3\nb c.jpg 4\n",
  ),
  jsonl: list(
    "jsonl",
    '{"file": "a.jpg", "label": "cat"}\n{"file": "b c.jpg", "label": 3}\n',
    '{"image": "sub/d.jpg", "labels": ["cat", "dog"]}\n',
  ),
  txt: list("txt", 'a.jpg cat\n"b c.jpg" "big dog"\nsub/d.jpg\n', "a.jpg\nsub/d.jpg 3\n"),
  parquet: { file: "table.parquet", kind: "binary", seeds: async () => [await parquetOf()], read: readSet },
  "parquet, groups of bytes and path": {
    file: "train-00000-of-00001.parquet",
    kind: "binary",
    seeds: async () => [await tableOf()],
    read: readSet,
  },
  tar: {
    file: "set.tar",
    kind: "binary",
    seeds: () => Promise.all(["ustar", "gnu", "pax"].map(archiveOf)),
    read: readSet,
  },
  voc: {
    file: "Annotations/a.xml",
    kind: "text",
    seeds: async () => [
      voc("<object><name>cat</name><difficult>0</difficult></object><object><name>dog</name></object>"),
      voc("<object><name>a &amp; b</name><part><name>head</name></part></object>"),
    ],
    beside: async () => ({ "JPEGImages/a.jpg": await noise(6, 5, 3).jpeg().toBuffer() }),
    read: (_, folder) => readSet(folder),
  },
  safetensors: {
    file: "a.safetensors",
    kind: "binary",
    seeds: async () => [Buffer.concat(encodeTensors(state, { a: "b" }))],
    read: async (file) => {
      for (const [name, { shape, data }] of (await readTensors(file)).tensors)
        must(data.length === shape.reduce((a, b) => a * b, 1), `${name} [${shape}] has ${data.length} elements`);
    },
  },
  checkpoint: {
    ...ofRun("checkpoints/step-00000004.safetensors", "binary"),
    read: async (file, folder) => {
      const bytes = await readFile(file);
      await readRun(folder);
      must(bytes.equals(sealed()), "a changed checkpoint is taken for sound");
    },
  },
  "checkpoint under a forged seal": {
    ...ofRun("checkpoints/step-00000004.safetensors", "binary"),
    read: async (file, folder) => {
      const body = (await readFile(file)).subarray(0, -32);
      await writeFile(file, Buffer.concat([body, createHash("sha256").update(body).digest()]));
      await readRun(folder);
    },
  },
  "run.json": ofRun("run.json", "text"),
  "images.json": ofRun("images.json", "text"),
  "metrics.jsonl": ofRun("metrics.jsonl", "text"),
  recipe: {
    file: "recipe.json",
    kind: "text",
    seeds: async () => [
      JSON.stringify(tinyRecipe),
      JSON.stringify((await readNamed("recipe", "demo")).data),
      JSON.stringify((await readNamed("recipe", "imagenet-resnet50-multicrop")).data),
    ],
    read: async (file) => {
      const recipe = await loadRecipe(file, []);
      const walk = (value: unknown): boolean =>
        typeof value === "number"
          ? Number.isFinite(value)
          : typeof value !== "object" || value === null || Object.values(value).every(walk);
      must(walk(recipe), "a recipe with numbers that are none");
    },
  },
  sweep: {
    file: "sweep.json",
    kind: "text",
    seeds: async () => [
      '{"name":"mine","recipe":"demo","set":{"epochs":10},"seeds":[0,1],"grid":{"method.temperature":[0.05,0.1]}}',
      JSON.stringify((await readNamed("sweep", "ablation")).data),
    ],
    read: async (path) => {
      const { file, data } = await readNamed("sweep", path);
      planRuns(parseSweep(data, file), tinyRecipe, file);
    },
  },
  pth: {
    file: "a.pth",
    kind: "binary",
    seeds: () => Promise.all(["hcsc.pth", "legacy.pth", "half.pth"].map((f) => readFile(`test/fixtures/weights/${f}`))),
    read: readAnyWeights,
  },
  onnx: { file: "a.onnx", kind: "binary", seeds: async () => [model()], read: readAnyWeights },
  "onnx graph": {
    file: "a.onnx",
    kind: "binary",
    seeds: async () => [model()],
    read: async (file) => void readModel(await readFile(file)),
    isNameless: true,
  },
} satisfies Readonly<Record<string, Format>>;

export type FormatName = keyof typeof formats;

/** Lays out what lies beside a format's file. */
export async function laidOut({ file, beside }: Format, folder: string): Promise<void> {
  const files = { ...(await beside?.()), [file]: "" };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}
