/**
 * Many small images streamed as training reads them: in an epoch's random order, two views each. Archives and tables of `--stream N`
 * synthetic images are made first; the images are 1,024 different ones, again and again.
 */
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteWriter, parquetWrite } from "hyparquet-writer";
import sharp from "sharp";
import { describeSource, openLoader, openSource, shownChannels } from "../../src/data/index.js";
import { epochBatches } from "../../src/train/draws.js";
import { viewPolicies } from "../../src/train/views.js";
import { slopeOf } from "../../test/reliability/endurance.js";
import { flags } from "./flags.js";
import { type Row, rounded, timed } from "./measure.js";
import { recipeOf, stepCases } from "./steps.js";

interface Sample {
  readonly name: string;
  readonly jpeg: Buffer;
  readonly label: number;
}

const [different, perShard, perGroup] = [1024, 10_000, 100];

async function pictures(): Promise<readonly Omit<Sample, "name">[]> {
  const source = openSource(await describeSource(`synthetic:count=${different},size=32`));
  return Promise.all(
    Array.from({ length: different }, async (_, i) => {
      const { data, width, height, channels } = shownChannels(await source.read(i));
      const jpeg = await sharp(data, { raw: { width, height, channels } }).jpeg({ quality: 80 }).toBuffer();
      return { jpeg, label: source.labels?.[i] ?? 0 };
    }),
  );
}

/** A file of an archive: its header (POSIX.1-1988 ustar), its content, and zeros up to whole blocks. */
function entry(name: string, content: Buffer): Buffer {
  const bytes = Buffer.alloc(512 + 512 * Math.ceil(content.length / 512));
  bytes.write(name, 0);
  bytes.write(`0000644\0${"0000000\0".repeat(2)}`, 100);
  bytes.write(`${content.length.toString(8).padStart(11, "0")}\0${"0".repeat(11)}\0${" ".repeat(8)}0`, 124);
  bytes.write("ustar\x0000", 257);
  const sum = bytes.subarray(0, 512).reduce((a, b) => a + b, 0);
  bytes.write(`${sum.toString(8).padStart(6, "0")}\0`, 148);
  content.copy(bytes, 512);
  return bytes;
}

async function writeArchive(path: string, samples: readonly Sample[]): Promise<void> {
  const file = await open(path, "w");
  const entries = samples.flatMap(({ name, jpeg, label }) => [
    entry(`${name}.jpg`, jpeg),
    entry(`${name}.cls`, Buffer.from(String(label))),
  ]);
  await file.writev([...entries, Buffer.alloc(1024)].map((e) => new Uint8Array(e.buffer, e.byteOffset, e.length)));
  await file.close();
}

async function writeTable(path: string, samples: readonly Sample[]): Promise<void> {
  const writer = new ByteWriter();
  parquetWrite({
    writer,
    rowGroupSize: perGroup,
    columnData: [
      { name: "image", type: "BYTE_ARRAY", data: samples.map(({ jpeg }) => new Uint8Array(jpeg)) },
      { name: "label", type: "INT32", data: Int32Array.from(samples, ({ label }) => label) },
    ],
  });
  await writeFile(path, writer.getBytes());
}

const megabytes = (): number => process.memoryUsage.rss() / 2 ** 20;

async function stream(
  name: string,
  write: (path: string, samples: readonly Sample[]) => Promise<void>,
  extension: string,
): Promise<Row> {
  const count = Number(flags.stream);
  const folder = await mkdtemp(join(tmpdir(), "hcsc-stream-"));
  try {
    const made = await pictures();
    for (let from = 0; from < count; from += perShard) {
      const samples = Array.from({ length: Math.min(perShard, count - from) }, (_, i) => ({
        name: String(from + i).padStart(8, "0"),
        ...made[(from + i) % different],
      }));
      await write(join(folder, `train-${String(from / perShard).padStart(5, "0")}.${extension}`), samples);
    }
    const { result: source, seconds: indexSeconds } = await timed(() => describeSource(folder));
    const loader = openLoader({ source, seed: 0 });
    const policies = viewPolicies(recipeOf(stepCases["resnet20, batch 64, 32 px"]));
    const batches = epochBatches(count, Math.min(250, count), 0, 0);
    const samples: [images: number, megabytes: number][] = [];
    let images = 0;
    const { seconds } = await timed(async () => {
      for await (const batch of loader.train(
        batches.map((indices) => ({ indices, epoch: 0 })),
        policies,
      )) {
        images += batch.indices.length;
        batch.release();
        samples.push([images, megabytes()]);
      }
    });
    await loader.close();
    const settled = samples.filter(([n]) => n > count / 10);
    return {
      name,
      images,
      indexSeconds: rounded(indexSeconds),
      imagesPerSecond: Math.round(images / seconds),
      megabytesAtATenth: Math.round(settled[0]?.[1] ?? Number.NaN),
      megabytesAtTheEnd: Math.round(megabytes()),
      megabytesPer100000: rounded(1e5 * slopeOf(settled)),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

export const streamRows = [
  { name: "tar archives", measure: (name: string) => stream(name, writeArchive, "tar") },
  { name: "Parquet tables, 100 rows a group", measure: (name: string) => stream(name, writeTable, "parquet") },
] as const;
