/** NumPy's .npy, version 1.0: magic, a header that is a Python literal, then the data. */
import type { DenseArray } from "../array.js";
import { writeAtomically } from "./atomic.js";

const descriptors = new Map<unknown, string>([
  [Float32Array, "<f4"],
  [Int32Array, "<i4"],
  [BigInt64Array, "<i8"],
  [Uint8Array, "|u1"],
]);

/** Writes an array as .npy, whole or not at all. @throws DataError if it cannot be written */
export async function writeNpy(path: string, { shape, data }: DenseArray): Promise<void> {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const literal = `{'descr': '${descriptors.get(data.constructor)}', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((10 + literal.length + 1) / 64) * 64 - 10;
  const header = Buffer.concat([
    Buffer.from("\x93NUMPY\x01\x00", "latin1"),
    Buffer.from([length & 255, length >> 8]),
    Buffer.from(`${literal.padEnd(length - 1)}\n`, "latin1"),
  ]);
  await writeAtomically(path, [header, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}
