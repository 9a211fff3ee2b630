/** What every benchmark uses: random numbers, a clock, medians and ratios. */
import type { DenseArray } from "../../src/array.js";
import { normal, random } from "../../src/random.js";

/** One line of results: figures by name, with their unit in it. */
export type Row = Record<string, number | string | null>;

export const uniform = random(1);

export const gaussian = (shape: readonly number[]): DenseArray<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => normal(uniform)),
});

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

export const rounded = (x: number): number => Math.round(100 * x) / 100;
export const ratio = (ours: number, theirs: number): number => rounded(ours / theirs);
export const milliseconds = (seconds: number): number => Math.round(seconds * 1e5) / 100;

export async function timed<T>(work: () => Promise<T> | T): Promise<{ readonly result: T; readonly seconds: number }> {
  const began = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - began) / 1000 };
}

/** Seconds of each of `count` calls, after one that is not counted. */
export async function timings(count: number, work: () => Promise<unknown>): Promise<readonly number[]> {
  await work();
  const seconds: number[] = [];
  for (let i = 0; i < count; i++) seconds.push((await timed(work)).seconds);
  return seconds;
}
