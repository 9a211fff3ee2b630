/** Whether tensors computed in two places agree. */
import type { Tolerance } from "../precision.js";
import type { DataArray } from "./messages.js";

/** The element of a tensor that is farthest from what it should be. */
export interface Difference {
  readonly at: readonly number[];
  readonly found: number;
  readonly expected: number;
  /** |found − expected| over the largest value of the tensor, or, `ofIntegers`, the share of them that differ. */
  readonly error: number;
  readonly ofIntegers: boolean;
  readonly allowed: number;
}

/** Differences under this are rounding, however small a tensor's numbers are. */
const nothing = 1e-7;

/**
 * Where `found` is farthest from `expected`, which has its shape; numbers that are not finite must be the same.
 *
 * @param least - the least that the largest value counts as
 */
export function largestDifference(found: DataArray, expected: DataArray, tolerance: Tolerance, least = 0): Difference {
  const isFloat = expected.data instanceof Float32Array || expected.data instanceof Float64Array;
  let [worst, at, size, unequal] = [0, 0, least, 0];
  for (let i = 0; i < expected.data.length; i++) {
    const [a, e] = [Number(found.data[i]), Number(expected.data[i])];
    if (Number.isFinite(e)) size = Math.max(size, Math.abs(e));
    if (Object.is(a, e) || a === e) continue;
    unequal++;
    const difference = Math.abs(a - e);
    const apart = Number.isFinite(difference) ? difference : Number.POSITIVE_INFINITY;
    if (apart > worst || unequal === 1) [worst, at] = [apart, i];
  }
  const count = expected.data.length;
  const relative = worst <= nothing ? 0 : worst / Math.max(size, nothing);
  return {
    at: indexOf(at, expected.shape),
    found: Number(found.data[at]),
    expected: Number(expected.data[at]),
    error: isFloat ? relative : unequal / Math.max(1, count),
    ofIntegers: !isFloat,
    allowed: isFloat ? (count === 1 ? tolerance.scalar : tolerance.array) : tolerance.unequal,
  };
}

/** A device rounds in every node, at once its own way: it may differ so many times as far as one other way of rounding does. */
const margin = 4;
/** Of numbers rounding excuses so many times what is allowed anyhow, and no more: past that nothing tells it from a mistake. */
const most = 10;

/**
 * How far a result may be from what it is compared with, where that moves too when it is rounded otherwise.
 *
 * @param moved - how far, as `error`; what is not finite then excuses nothing
 */
export const allowedByRounding = ({ allowed, ofIntegers }: Difference, moved: number): number =>
  Number.isFinite(moved) ? Math.max(allowed, Math.min(margin * moved, ofIntegers ? 1 : most * allowed)) : allowed;

/** The index by axis of an element. */
function indexOf(element: number, shape: readonly number[]): readonly number[] {
  const index: number[] = [];
  let rest = element;
  for (const d of [...shape].reverse()) {
    index.unshift(rest % d);
    rest = Math.floor(rest / d);
  }
  return index;
}
