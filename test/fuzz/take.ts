/** What arbitraries are made of: decisions, each a whole number below a bound of which 0 is the simplest; sizes and shapes. */
import fc from "fast-check";
import { elements } from "../../src/array.js";
import type { DType } from "../../src/graph/index.js";
import type { Argument, Draw } from "./case.js";

/** A whole number from 0 to `below` − 1. */
export type Take = (below: number) => number;

/** What a fast-check generator draws for a decision. */
export const decision = (below: number) => fc.noBias(fc.integer({ min: 0, max: below - 1 }));

export const oneOf = <T>(take: Take, options: readonly T[]): T => options[take(options.length)];

/** True once in `n`. */
export const chance = (take: Take, n: number): boolean => take(n) === n - 1;

export const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

const sizes = [1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 23, 24, 31, 32, 33, 48];
/** A dimension. */
export const size = (take: Take): number => oneOf(take, sizes);

const widths = [
  ...[1, 2, 3, 3, 4, 4, 5, 6, 6, 6, 7, 8, 9, 9, 9, 10, 11, 12, 12, 13],
  ...[14, 14, 15, 15, 15, 16, 17, 18, 18, 18, 19, 20, 21, 21, 21, 22, 23, 24, 24],
];
/** A number of channels. */
export const channels = (take: Take): number => oneOf(take, widths);

/** Dimensions cut until they hold no more than `limit` elements. */
export function limited(shape: readonly number[], limit: number): number[] {
  const cut = [...shape];
  while (elements(cut) > limit) {
    const largest = cut.indexOf(Math.max(...cut));
    cut[largest] = Math.ceil(cut[largest] / 2);
  }
  return cut;
}

/** A shape of a rank from `low` to `high`; one in 16 is empty. */
export function shape(take: Take, low: number, high: number, limit = 2048): number[] {
  const made = limited(
    times(low + take(high - low + 1), () => size(take)),
    limit,
  );
  if (made.length > 0 && chance(take, 16)) made[take(made.length)] = 0;
  return made;
}

/** Shapes that broadcast together: each with some axes 1 and some leading ones missing. */
export function broadcasting(take: Take, count: number, highest = 5): number[][] {
  const full = shape(take, 0, highest);
  return times(count, () => {
    const missing = chance(take, 3) ? take(full.length + 1) : 0;
    return full.slice(missing).map((d) => (chance(take, 4) ? 1 : d));
  });
}

/** Some of `n` axes in some order, each once in two counted from the end. */
export function axes(take: Take, n: number, count = take(n + 1)): number[] {
  return permuted(take, n)
    .slice(0, count)
    .map((a) => (chance(take, 2) ? a - n : a));
}

/** One axis of `n`, now and then counted from the end. */
export const axis = (take: Take, n: number): number => (chance(take, 3) ? -1 - take(n) : take(n));

export function permuted(take: Take, n: number): number[] {
  const rest = times(n, (i) => i);
  return times(n, () => rest.splice(take(rest.length), 1)[0]);
}

export const gaussian: Draw = { from: "normal", scale: 1, offset: 0 };
export const distinct: Draw = { from: "distinct" };
export const between = (low: number, high: number): Draw => ({ from: "between", low, high });
export const steps = (low: number, high: number, step = 1): Draw => ({ from: "steps", low, high, step });

/** Numbers of a mean that is up to a thousand times their spread; of few numbers, whose spread may be far smaller, about zero. */
export const offset = (take: Take, population: number): Draw => ({
  from: "normal",
  scale: 1,
  offset: population < 12 ? 0 : oneOf(take, [0, 0, 10, 100, -300, 1000]),
});

export const fed = (dims: readonly number[], draw: Draw = gaussian, dtype: DType = "float32"): Argument => ({
  shape: dims,
  dtype,
  draw,
  fed: true,
});

/** Known when the graph is built. */
export const known = (
  values: readonly number[],
  dims: readonly number[] = [values.length],
  dtype: DType = "int64",
): Argument => ({
  shape: dims,
  dtype,
  draw: { from: "listed", values },
  fed: false,
});

export const integers: readonly DType[] = ["int32", "int64"];

/** Mostly float32, now and then one of the integers. */
export const numeric = (take: Take): DType => (chance(take, 5) ? oneOf(take, integers) : "float32");

/** Elements of a dtype: `float` if it is float32, else whole numbers. */
export const ofType = (dims: readonly number[], dtype: DType, float: Draw = gaussian): Argument =>
  fed(dims, dtype === "float32" ? float : dtype === "bool" ? steps(0, 1) : steps(-20, 20), dtype);
