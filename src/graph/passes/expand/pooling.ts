/**
 * The gradient of max pooling without indices, which some providers lack. Every tap that meets its window's maximum gets an
 * equal share of dy. With stride s, tap t of window p is at q = s·p + u, u = dilation·t − pad: so at place p + ⌊u/s⌋ of
 * phase u mod s. The shares of each phase are added at that place, and the phases are interleaved to the image.
 */
import { add, cast, concat, div, equal, mul, pad, reshape, slice, unsqueeze } from "../../apply.js";
import { windowOf } from "../../ops/index.js";
import { sizes } from "../../shapes.js";
import type { Attributes, Value } from "../../value.js";
import { around, listOf, taps, windows } from "./convolution.js";
import type { Expansion } from "./expansion.js";

export const lowest = -3.4028234663852886e38; // of float32: padding that is never a maximum

/** dx of images [N,C,…]. */
export const maxPoolGrad: Expansion = (inputs, a) => [maxPoolGradient(inputs, a, 2)];

/**
 * dx of y = max-pool(x) from [dy, x, y].
 *
 * @param first - the first spatial axis: 2 for [N,C,…], 1 for [N,…,C]
 */
export function maxPoolGradient([dy, x, y]: readonly Value[], a: Attributes, first: 1 | 2): Value {
  const kernel = listOf(a, "kernel_shape");
  const { strides, pads, dilations } = windowOf(a, kernel);
  const spatial = (v: Value) => sizes("expand", { ...v, shape: v.shape.slice(first, first + kernel.length) });
  const [input, out] = [spatial(x), spatial(y)];
  const hits = windows(x, a, kernel, out, { fill: lowest, first }).map((v) => cast(equal(v, y), dy.dtype));
  const share = div(
    dy,
    hits.reduce((p, h) => add(p, h)),
  );
  const lengths = input.map((d, i) => Math.ceil(d / strides[i]));
  const phases = new Map<string, Value>();
  for (const [n, tap] of taps(kernel).entries()) {
    const offsets = tap.map((t, i) => dilations[i] * t - pads[i]);
    const phase = offsets.map((u, i) => u - strides[i] * Math.floor(u / strides[i])).join();
    const shifts = offsets.map((u, i) => Math.floor(u / strides[i]));
    const placed = shifted(mul(hits[n], share), shifts, lengths, first);
    const before = phases.get(phase);
    phases.set(phase, before ? add(before, placed) : placed);
  }
  return interleave(phases, strides, lengths, input, first);
}

/** Moves v by `shifts` along its spatial axes into maps of `lengths`; what leaves them is cut off. */
function shifted(v: Value, shifts: readonly number[], lengths: readonly number[], first: 1 | 2): Value {
  const ends = shifts.map((f, i) => lengths[i] - (v.shape[i + first] as number) - f);
  return pad(v, [...around(shifts, first), ...around(ends, first)]);
}

/** The image whose element s·p + r is element p of phase r; a phase that no tap has is zero. */
function interleave(
  phases: ReadonlyMap<string, Value>,
  strides: readonly number[],
  lengths: readonly number[],
  input: readonly number[],
  first: 1 | 2,
): Value {
  const [some] = phases.values();
  const zero = () => mul(some, 0);
  const along = (axis: number, chosen: readonly number[]): Value => {
    if (axis === strides.length) return phases.get(chosen.join()) ?? zero();
    const parts = Array.from({ length: strides[axis] }, (_, r) => along(axis + 1, [...chosen, r]));
    if (parts.length === 1) return parts[0];
    // every part [before…, lengths before the axis…, length, full sizes after it…, after…]
    const place = axis + first + 1;
    const stacked = concat(
      parts.map((p) => unsqueeze(p, [place])),
      place,
    );
    const full = lengths.map((d, i) => (i >= axis ? d * strides[i] : d));
    const { shape } = some;
    return reshape(stacked, [
      ...shape.slice(0, first).map(() => 0),
      ...full,
      ...(shape.slice(first + full.length) as number[]),
    ]);
  };
  return input.reduce((v, d, i) => (v.shape[i + first] === d ? v : slice(v, i + first, 0, d)), along(0, []));
}
