/** Numbers as files hold them, little-endian, read as the arrays that this library computes with: floats of any width as float32. */
import type { DenseArray } from "../array.js";

interface NumberFormat {
  readonly bytes: number;
  readonly read: (raw: Uint8Array) => DenseArray["data"];
}

/** A copy, which starts at an aligned address and holds nothing else. */
const copy = (raw: Uint8Array): ArrayBuffer => new Uint8Array(raw).buffer;

/** IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction bits. */
function half(bits: number): number {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** bfloat16 is the upper half of a float32. */
const brain = (raw: Uint8Array): Float32Array => {
  const upper = new Uint16Array(copy(raw));
  return new Float32Array(Uint32Array.from(upper, (bits) => (bits << 16) >>> 0).buffer);
};

/** The formats by safetensors' names. Float64 is rounded to float32; small integers become int32. */
export const numberFormats = {
  F32: { bytes: 4, read: (raw) => new Float32Array(copy(raw)) },
  F64: { bytes: 8, read: (raw) => Float32Array.from(new Float64Array(copy(raw))) },
  F16: { bytes: 2, read: (raw) => Float32Array.from(new Uint16Array(copy(raw)), half) },
  BF16: { bytes: 2, read: brain },
  I64: { bytes: 8, read: (raw) => new BigInt64Array(copy(raw)) },
  I32: { bytes: 4, read: (raw) => new Int32Array(copy(raw)) },
  I16: { bytes: 2, read: (raw) => Int32Array.from(new Int16Array(copy(raw))) },
  I8: { bytes: 1, read: (raw) => Int32Array.from(new Int8Array(copy(raw))) },
  U8: { bytes: 1, read: (raw) => new Uint8Array(copy(raw)) },
  BOOL: { bytes: 1, read: (raw) => new Uint8Array(copy(raw)) },
} as const satisfies Record<string, NumberFormat>;

export type NumberName = keyof typeof numberFormats;
