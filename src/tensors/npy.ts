/** NumPy's .npy, version 1.0: magic, a header that is a Python literal, then the data. */
import type { DenseArray } from "../array.js";

const descriptors = new Map<unknown, string>([
  [Float32Array, "<f4"],
  [Int32Array, "<i4"],
  [BigInt64Array, "<i8"],
  [Uint8Array, "|u1"],
]);

/** An array as a .npy file: its header, then its numbers. */
export function encodeNpy({ shape, data }: DenseArray): readonly Uint8Array[] {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const literal = `{'descr': '${descriptors.get(data.constructor)}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + literal.length + 1) / 64) * 64 - 10;
  const magic = [0x93, ...Array.from("NUMPY", (c) => c.charCodeAt(0)), 1, 0, length & 255, length >> 8];
  const header = new TextEncoder().encode(`${literal.padEnd(length - 1)}\n`);
  return [Uint8Array.from([...magic, ...header]), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}
