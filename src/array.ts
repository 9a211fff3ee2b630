/** A dense row-major array with its shape: what files hold, graphs take and give, and rooms hand each other. */
export interface DenseArray<Data = Float32Array | BigInt64Array | Int32Array | Uint8Array> {
  readonly shape: readonly number[];
  readonly data: Data;
}

/** Rows of features: `[rows, width]` float32. */
export type Matrix = DenseArray<Float32Array>;

/** 0, 1, 2, …: every row, or image, of so many. */
export const everyIndex = (count: number): Int32Array => Int32Array.from({ length: count }, (_, i) => i);

/** The number of elements of a shape; 1 for a scalar's `[]`. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}
