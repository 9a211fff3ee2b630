/**
 * Tap tables of Pillow's resampling: which input pixels make an output pixel along one axis, and with what weights. Weights
 * are integers in units of 2⁻²², so that sums of 8-bit pixels stay within int32 (the filters' absolute weights sum to at
 * most 1.4).
 */

/** The filters by name: half the width of the support, and the weight at distance x. */
const filters = {
  bilinear: { support: 1, weight: (x: number) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, weight: cubic },
} as const satisfies Record<string, { support: number; weight(x: number): number }>;

export type Interpolation = keyof typeof filters;

/** Output i of an axis is `(Σ_k weights[i·width + k] · input[starts[i] + k] + 2²¹) >> 22`, the same `width` for all i. */
export interface Taps {
  readonly width: number;
  readonly starts: Int32Array;
  readonly weights: Int32Array;
  /** The weights two by two, each as high · 2¹⁵ + low: low of both, then high of both, for each output's ⌈width / 2⌉ pairs. */
  readonly pairs: Int16Array;
}

/** Fractional bits of a weight. */
const weightBits = 22;

const cache = new Map<number, Taps>();
const cached = 2048;

/** The taps that make `outputs` pixels of `inputs` along one axis. Tables are kept for the next call. */
export function tapsOf(inputs: number, outputs: number, interpolation: Interpolation): Taps {
  const key = (inputs * 65536 + outputs) * 2 + (interpolation === "bicubic" ? 1 : 0);
  const known = cache.get(key);
  if (known) return known;
  if (cache.size >= cached) cache.clear();
  const made = computeTaps(inputs, outputs, interpolation);
  cache.set(key, made);
  return made;
}

function computeTaps(inputs: number, outputs: number, interpolation: Interpolation): Taps {
  const { support, weight } = filters[interpolation];
  const scale = inputs / outputs;
  const stretch = Math.max(scale, 1);
  const reach = stretch * support;
  const ranges = Array.from({ length: outputs }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const from = Math.max(0, Math.trunc(centre - reach + 0.5));
    return { centre, from, to: Math.min(inputs, Math.trunc(centre + reach + 0.5)) };
  });
  const width = ranges.reduce((widest, { from, to }) => Math.max(widest, to - from), 1);
  const starts = new Int32Array(outputs);
  const weights = new Int32Array(outputs * width);
  for (const [i, { centre, from, to }] of ranges.entries()) {
    const shares = Array.from({ length: to - from }, (_, k) => weight((k + from - centre + 0.5) * (1 / stretch)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    // Narrower ranges are padded with zero weights, to the left where they end at the border.
    starts[i] = Math.min(from, inputs - width);
    const pad = from - starts[i];
    for (const [k, share] of shares.entries()) {
      const exact = (share / total) * 2 ** weightBits;
      weights[i * width + pad + k] = exact < 0 ? Math.trunc(exact - 0.5) : Math.trunc(exact + 0.5);
    }
  }
  return { width, starts, weights, pairs: pairsOf(weights, width) };
}

function pairsOf(weights: Int32Array, width: number): Int16Array {
  const perOutput = 4 * Math.ceil(width / 2);
  const pairs = new Int16Array((weights.length / width) * perOutput);
  for (const [i, weight] of weights.entries()) {
    const k = i % width;
    const at = Math.floor(i / width) * perOutput + 4 * (k >> 1) + (k & 1);
    pairs[at] = weight & 0x7fff;
    pairs[at + 2] = weight >> 15;
  }
  return pairs;
}

/** The cubic convolution kernel with a = -0.5 (Keys 1981). */
function cubic(distance: number): number {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}
