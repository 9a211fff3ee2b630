/** IDX files (http://yann.lecun.com/exdb/mnist): MNIST and its relatives, plain or gzipped. */
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DataError, said } from "../../errors.js";
import { type ImageSource, shared } from "./picture.js";

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
  if (images.shape.length < 3)
    throw new DataError(
      "unknown-format",
      said`${{ file }} holds an array of shape ${{ shape: images.shape }}, images need [count, height, width]`,
    );
  const labelsFile = basename(file).replace(imagesName, "-labels-idx1-ubyte$1");
  const folder = dirname(file);
  const labels = (await readdir(folder)).includes(labelsFile) ? await readIdx(join(folder, labelsFile)) : null;
  if (labels && labels.shape[0] !== images.shape[0]) {
    throw new DataError(
      "wrong-length",
      said`${{ file: join(folder, labelsFile) }} has ${labels.shape[0]} labels for the ${images.shape[0]} images of ${file}: restore the pair from one source`,
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
    content: async (i) => of(i),
    read: async (i) => ({ width, height, channels: channels as 1 | 3, data: of(i) }),
  };
}

async function partOf(folder: string, part: string): Promise<string> {
  const files = (await readdir(folder)).filter((f) => imagesName.test(f)).sort();
  const found = (prefixes[part] ?? [part]).map((p) => files.find((f) => f.startsWith(p))).find((f) => f !== undefined);
  if (!found)
    throw new DataError("missing", said`${{ file: folder }} has no ${{ part }} images: it holds ${files.join(", ")}`);
  return join(folder, found);
}

async function readIdx(file: string): Promise<{ shape: readonly number[]; data: Uint8Array }> {
  const raw = await readFile(file);
  const bytes = file.endsWith(".gz")
    ? await promisify(gunzip)(raw).catch((cause) => {
        throw new DataError(
          "damaged",
          said`${{ file }} is damaged: it cannot be unzipped (${cause.message}). Restore it from its source`,
          { cause },
        );
      })
    : raw;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== 8)
    throw new DataError(
      "unknown-format",
      said`${{ file }} is no IDX file of bytes (it starts ${bytes.subarray(0, 4).toString("hex")}, not 000008…)`,
    );
  const rank = bytes[3];
  if (bytes.length < 4 + 4 * rank)
    throw new DataError(
      "damaged",
      said`${{ file }} is damaged: its header of ${rank} lengths is cut short. Restore it from its source`,
    );
  const shape = Array.from({ length: rank }, (_, i) => bytes.readUInt32BE(4 + 4 * i));
  const data = bytes.subarray(4 + 4 * rank);
  const needed = shape.reduce((p, d) => p * d, 1);
  if (data.length !== needed)
    throw new DataError(
      "damaged",
      said`${{ file }} is damaged: ${{ shape }} needs ${needed} bytes, ${data.length} are there. Restore it from its source`,
    );
  return { shape, data };
}
