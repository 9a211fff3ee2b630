/**
 * safetensors (https://github.com/huggingface/safetensors): 8 bytes little-endian header length, a JSON header that maps names
 * to dtype, shape and offsets, then the raw little-endian data.
 */
import { type DenseArray, elements } from "../array.js";
import { CheckpointError, type Sentence, said } from "../errors.js";
import { type NumberName, numberFormats } from "./numbers.js";

/** What is written; read are all of `numberFormats`. */
const dtypes = {
  F32: Float32Array,
  I64: BigInt64Array,
  I32: Int32Array,
  U8: Uint8Array,
} as const;

type DtypeName = keyof typeof dtypes;

/** What a file holds. */
export interface TensorFile {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, DenseArray>;
}

/** Decodes the bytes of a safetensors file. @param where - named in errors */
export function decodeTensors(bytes: Uint8Array, where: string): TensorFile {
  const damaged = (reason: string | Sentence): never => {
    throw new CheckpointError(
      "damaged",
      said`${{ file: where }} is damaged: ${reason}. Restore it from a copy, or write it again`,
    );
  };
  if (bytes.length < 8) damaged(`it has ${bytes.length} bytes, a header needs 8`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = Number(view.getBigUint64(0, true));
  if (size > bytes.length - 8) damaged(`its header is to have ${size} bytes, ${bytes.length - 8} are there`);
  const header = parseHeader(bytes.subarray(8, 8 + size), damaged);
  const data = bytes.subarray(8 + size);
  const tensors = new Map<string, DenseArray>();
  const spans: (readonly [number, number])[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    tensors.set(name, decodeTensor(name, entry, data, damaged));
    spans.push((entry as Entry).data_offsets);
  }
  let end = 0;
  for (const [from, to] of spans.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (from !== end) damaged(`bytes ${Math.min(from, end)} to ${Math.max(from, end)} belong to no tensor, or to two`);
    end = to;
  }
  if (end !== data.length) damaged(`its tensors end at byte ${end} of ${data.length}`);
  return { metadata: (header.__metadata__ as Record<string, string> | undefined) ?? {}, tensors };
}

interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function parseHeader(bytes: Uint8Array, damaged: (reason: string | Sentence) => never): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof header === "object" && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>;
  } catch {
    // Reported below, as any other header that is no object.
  }
  return damaged("its header is not a JSON object");
}

function decodeTensor(
  name: string,
  entry: unknown,
  data: Uint8Array,
  damaged: (reason: string | Sentence) => never,
): DenseArray {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Partial<Entry>;
  const whole = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof dtype !== "string" || !Object.hasOwn(numberFormats, dtype))
    return damaged(
      `tensor ${name} has ${dtype === undefined ? "no dtype" : `dtype ${dtype}`}, known are ${Object.keys(numberFormats).join(", ")}`,
    );
  if (!whole(shape) || !whole(offsets) || offsets.length !== 2)
    return damaged(said`tensor ${{ tensor: name }} has no proper shape and offsets`);
  const [from, to] = offsets;
  const format = numberFormats[dtype as NumberName];
  const needed = elements(shape) * format.bytes;
  if (from > to || to > data.length)
    return damaged(said`tensor ${{ tensor: name }} lies at bytes ${from} to ${to}, the file holds ${data.length}`);
  if (to - from !== needed)
    return damaged(said`tensor ${{ tensor: name }} ${{ shape }} needs ${needed} bytes, ${to - from} are given`);
  return { shape, data: format.read(data.subarray(from, to)) };
}

/** The file's bytes in pieces: the header, then each tensor's memory. */
export function encodeTensors(
  tensors: Readonly<Record<string, DenseArray>>,
  metadata: Readonly<Record<string, string>> = {},
): readonly Uint8Array[] {
  // The widest elements first, so that every tensor is aligned.
  const ordered = Object.entries(tensors).sort(([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  let offset = 0;
  const entries = ordered.map(([name, { shape, data }]) => {
    const from = offset;
    offset += data.byteLength;
    return [name, { dtype: dtypeOf(data), shape, data_offsets: [from, offset] }];
  });
  const header = JSON.stringify(
    Object.fromEntries([...(Object.keys(metadata).length ? [["__metadata__", metadata]] : []), ...entries]),
  );
  const text = new TextEncoder().encode(header);
  const padded = new Uint8Array(8 + Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text, 8);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  return [padded, ...ordered.map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))];
}

const dtypeOf = (data: DenseArray["data"]): DtypeName =>
  (Object.keys(dtypes) as DtypeName[]).find((d) => data instanceof dtypes[d]) as DtypeName;
