/** IDX files (http://yann.lecun.com/exdb/mnist): MNIST and its relatives, plain or gzipped. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import { DataError, said } from "../../errors.js";
import { type ImageSource, mostPixels, shared } from "./picture.js";

export interface IdxDescription {
  readonly kind: "idx";
  readonly file: string;
  /** [count, height, width] or [count, height, width, 3] */
  readonly shape: readonly number[];
  readonly pixels: Uint8Array;
  readonly labels: Int32Array | null;
}

const imagesName = /-images-idx[34]-ubyte(\.gz)?$/;
const prefixes: Readonly<Record<string, readonly string[]>> = { train: ["train", "t10k"], test: ["t10k", "test"] };

/** Whether a path is an IDX images file, or a folder that holds one. */
export async function isIdx(path: string, isFolder: boolean): Promise<boolean> {
  return isFolder ? (await readdir(path)).some((f) => imagesName.test(f)) : imagesName.test(path);
}

/** Reads the images file, and the labels file beside it if there is one. @param part - `train` or `test`, for folders */
export async function describeIdx(path: string, isFolder: boolean, part: string): Promise<IdxDescription> {
  const file = isFolder ? await partOf(path, part) : path;
  const images = await readIdx(file);
  const [, height, width, channels = 1] = images.shape;
  if (images.shape.length < 3 || (channels !== 1 && channels !== 3))
    throw new DataError(
      "unknown-format",
      said`${{ file }} holds an array of shape ${{ shape: images.shape }}, images need [count, height, width], or 3 colours after it`,
    );
  if (height * width > mostPixels)
    throw new DataError(
      "too-large",
      said`${{ file }} holds images of ${height} by ${width} pixels: at most ${mostPixels} are read`,
    );
  const labelsFile = basename(file).replace(imagesName, "-labels-idx1-ubyte$1");
  const folder = dirname(file);
  const labels = (await readdir(folder)).includes(labelsFile) ? await readIdx(join(folder, labelsFile)) : null;
  if (labels && (labels.shape.length !== 1 || labels.shape[0] !== images.shape[0])) {
    throw new DataError(
      "wrong-length",
      said`${{ file: join(folder, labelsFile) }} has ${labels.shape.join(" × ")} labels for the ${images.shape[0]} images of ${file}: restore the pair from one source`,
    );
  }
  return {
    kind: "idx",
    file,
    shape: images.shape,
    pixels: shared(images.data),
    labels: labels && Int32Array.from(labels.data),
  };
}

export function openIdx({ file, shape, pixels, labels }: IdxDescription): ImageSource {
  const [count, height, width, channels = 1] = shape;
  const size = height * width * channels;
  const of = (i: number) => pixels.subarray(i * size, (i + 1) * size);
  return {
    count,
    labels,
    classes: labels && Array.from({ length: labels.reduce((a, b) => Math.max(a, b), 0) + 1 }, (_, i) => String(i)),
    multilabel: null,
    hierarchy: null,
    warnings: [],
    name: (i) => `${basename(file)}#${i}`,
    file: () => null,
    bytes: async () => null,
    content: async (i) => of(i),
    read: async (i) => ({ width, height, channels, data: of(i) }),
  };
}

async function partOf(folder: string, part: string): Promise<string> {
  const files = (await readdir(folder)).filter((f) => imagesName.test(f)).sort();
  const found = (prefixes[part] ?? [part]).map((p) => files.find((f) => f.startsWith(p))).find((f) => f !== undefined);
  if (!found)
    throw new DataError("missing", said`${{ file: folder }} has no ${{ part }} images: it holds ${files.join(", ")}`);
  return join(folder, found);
}

const damagedBy = (file: string) => (reason: string, cause?: unknown) =>
  new DataError("damaged", said`${{ file }} is damaged: ${reason}. Restore it from its source`, { cause });

async function readIdx(file: string): Promise<{ shape: readonly number[]; data: Uint8Array }> {
  const damaged = damagedBy(file);
  const raw = await readFile(file);
  const isZipped = file.endsWith(".gz");
  const head = isZipped ? await unzipped(raw.subarray(0, zippedHead), longestHeader, true, file) : raw;
  if (head.length < 4 || head[0] !== 0 || head[1] !== 0 || head[2] !== 8)
    throw new DataError(
      "unknown-format",
      said`${{ file }} is no IDX file of bytes (it starts ${head.subarray(0, 4).toString("hex")}, not 000008…)`,
    );
  const rank = head[3];
  const start = 4 + 4 * rank;
  if (rank > mostLengths) throw damaged(`its header gives ${rank} lengths, images have 3 or 4`);
  if (head.length < start) throw damaged(`its header of ${rank} lengths is cut short`);
  const shape = Array.from({ length: rank }, (_, i) => head.readUInt32BE(4 + 4 * i));
  const needed = shape.reduce((p, d) => p * d, 1);
  if (shape.includes(0) || needed > mostBytes)
    throw damaged(`its header gives [${shape}], where 1 to ${mostBytes} bytes are read`);
  const data = (isZipped ? await unzipped(raw, start + needed, false, file) : raw).subarray(start);
  if (data.length !== needed) throw damaged(`[${shape}] needs ${needed} bytes, ${data.length} are there`);
  return { shape, data };
}

const mostLengths = 4;
const longestHeader = 4 + 4 * mostLengths;
/** Zipped bytes that hold a header. */
const zippedHead = 2 ** 16;
/** What Node gives as one array. */
const mostBytes = 2 ** 32 - 1 - longestHeader;

/** What a zipped file holds, as much as it should at most: a small file may hold anything. @param isBegin - no more is wanted */
async function unzipped(raw: Uint8Array, most: number, isBegin: boolean, file: string): Promise<Buffer> {
  const gunzip = createGunzip();
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    gunzip.end(raw);
    for await (const chunk of gunzip as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > most && !isBegin) throw new Error(`it holds more than the ${most} bytes that its header gives`);
      if (length >= most && isBegin) break;
    }
  } catch (cause) {
    // The end of the file is not given where the beginning alone is wanted.
    if (!isBegin || length === 0) throw damagedBy(file)(`it cannot be unzipped (${(cause as Error).message})`, cause);
  }
  return Buffer.concat(chunks);
}
