/** Fixtures of test/fixtures, by the reader of their README. */
import { readFileSync } from "node:fs";
import type { Matrix } from "../../src/array.js";

const arrays = { F32: Float32Array, I64: BigInt64Array, I32: Int32Array, U8: Uint8Array } as const;

interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
}

export interface Fixture {
  readonly config: Readonly<Record<string, unknown>>;
  tensor(name: string): Tensor;
  /** A float32 matrix. */
  matrix(name: string): Matrix;
  /** Integers of any dtype. */
  ids(name: string): Int32Array;
  /** Floats of any shape. */
  numbers(name: string): Float32Array;
  /** A float scalar. */
  number(name: string): number;
}

export function readFixture(name: string): Fixture {
  const bytes = readFileSync(`test/fixtures/${name}.safetensors`);
  const size = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + size));
  const tensor = (key: string): Tensor => {
    const entry = header[key];
    if (!entry) throw new Error(`${name} has no ${key}`);
    const [from, to] = entry.data_offsets.map((offset: number) => bytes.byteOffset + offset + 8 + size);
    return { shape: entry.shape, data: new arrays[entry.dtype as keyof typeof arrays](bytes.buffer.slice(from, to)) };
  };
  const numbers = (key: string) => {
    const { data } = tensor(key);
    if (!(data instanceof Float32Array)) throw new Error(`${name}: ${key} is not F32`);
    return data;
  };
  return {
    config: JSON.parse(header.__metadata__.config),
    tensor,
    numbers,
    number: (key) => numbers(key)[0],
    matrix: (key) => ({ shape: tensor(key).shape, data: numbers(key) }),
    ids: (key) => Int32Array.from(tensor(key).data, Number),
  };
}

/** The largest absolute difference over the largest absolute value of `expected`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]));
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]) || (Number.isNaN(actual[i]) ? Infinity : 0));
  }
  return difference / largest;
}
