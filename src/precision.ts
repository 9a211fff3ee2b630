/**
 * What convolutions and matrix products are computed in, by name. All that is kept (weights, statistics, losses, sums) is float32
 * in each of them.
 */

/** How far numbers of a precision may be from float32's on the CPU, relative to the largest of their tensor. */
export interface Tolerance {
  /** Of a loss, a norm, a share. */
  readonly scalar: number;
  /** Of the elements of a larger tensor after one step; a ReLU or a draw within rounding may fall to the other side. */
  readonly array: number;
  /** Share of integers (indices of the largest, of neighbours) that may differ, where two were equal within rounding. */
  readonly unequal: number;
  /** Bits of the numbers that go into a product, the hidden one among them; of float32's 24, those that rounding leaves right. */
  readonly bits: number;
}

export const precisions = {
  /** float32 products, on every provider. */
  fp32: { scalar: 1e-3, array: 2e-2, unequal: 0.01, bits: 20 },
  /** Products of numbers rounded to 10 bits of mantissa, summed in float32: NVIDIA's tensor cores since Ampere. */
  tf32: { scalar: 1e-2, array: 0.1, unequal: 0.1, bits: 11 },
  /** Convolutions in float16 with a dynamic loss scale. */
  fp16: { scalar: 1e-2, array: 0.1, unequal: 0.1, bits: 11 },
} as const satisfies Readonly<Record<string, Tolerance>>;

/** Names of the precisions that products are computed in. */
export type Precision = keyof typeof precisions;
