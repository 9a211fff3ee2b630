/** A tensor in someone's file: known by shape, its numbers read when they are wanted. */
import type { DenseArray } from "../array.js";
import { CheckpointError, type Sentence, said } from "../errors.js";

export interface StoredTensor {
  readonly shape: readonly number[];
  /** Its numbers as float32, in a memory of their own. @throws CheckpointError if they are not where the file says */
  readonly read: () => Float32Array;
}

/** What a file of weights holds. */
export interface WeightsFile {
  /** What kind of file it is, in words. */
  readonly format: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/** Any numbers as float32. */
export const asFloats = (data: DenseArray["data"] | Float64Array | Int8Array): Float32Array =>
  data instanceof Float32Array
    ? data
    : data instanceof BigInt64Array
      ? Float32Array.from(data, Number)
      : Float32Array.from(data);

/** Numbers of a shape in a storage, strides counted in elements. @throws CheckpointError if they reach beyond the storage */
export function gathered(
  data: Float32Array,
  {
    offset,
    shape,
    strides,
  }: { readonly offset: number; readonly shape: readonly number[]; readonly strides: readonly number[] },
  where: Sentence,
): Float32Array {
  const count = shape.reduce((product, d) => product * d, 1);
  if (count === 0) return new Float32Array(0);
  const last = offset + shape.reduce((sum, d, i) => sum + (d - 1) * strides[i], 0);
  if (last >= data.length || count > data.length)
    throw new CheckpointError(
      "damaged",
      said`${where}: ${{ shape }} with strides [${strides}] from ${offset} does not lie in a storage of ${data.length} numbers`,
    );
  const out = new Float32Array(count);
  const index = shape.map(() => 0);
  for (let i = 0, from = offset; i < count; i++) {
    out[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      from += strides[axis];
      if (index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

/** Tensors one after another along their first dimension; null where one is missing, or they do not fit together. */
export function stacked(parts: readonly (StoredTensor | undefined)[]): StoredTensor | null {
  const [first] = parts;
  // A list may have holes.
  const all = Array.from(parts).filter((part) => part !== undefined);
  if (!first || all.length < parts.length) return null;
  if (all.length === 1) return first;
  const isAlike = ({ shape }: StoredTensor) => shape.slice(1).join() === first.shape.slice(1).join();
  if (first.shape.length === 0 || !all.every(isAlike)) return null;
  return {
    shape: [all.reduce((rows, { shape }) => rows + shape[0], 0), ...first.shape.slice(1)],
    read() {
      const read = all.map((part) => part.read());
      const out = new Float32Array(read.reduce((n, data) => n + data.length, 0));
      let at = 0;
      for (const data of read) {
        out.set(data, at);
        at += data.length;
      }
      return out;
    },
  };
}
