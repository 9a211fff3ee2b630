/** When two providers agree on a tensor. */
import type { OpType } from "../../src/graph/index.js";
import type { Argument, Case, Elements } from "./case.js";

export interface Found {
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** Where two tensors differ most. */
export interface Difference {
  readonly output: string;
  readonly shape: readonly number[];
  readonly index: number;
  readonly expected: number;
  readonly actual: number;
  /** Relative to the largest expected value. */
  readonly error: number;
}

/** Relative to a tensor's largest value. */
const usual = 1e-4;

/** Where the device is known to be less precise: sin and cos are short series there. */
const loose: Partial<Readonly<Record<OpType, number>>> = { Sin: 1e-3, Cos: 1e-3 };

/** Of numbers that are `r` times their spread from zero, a mean in float32 is wrong by so much of the spread: r times this. */
const perOffset = 3e-6;

const offsetOf = (a: Argument | null): number =>
  a?.draw.from === "normal" ? Math.abs(a.draw.offset) / a.draw.scale : 0;

/** Tensors whose values all cancel to less than this of what was summed hold nothing but rounding. */
const smallest = 0.1;

/** Of every output of a training step. */
export const stepTolerance = 1e-4;

export const toleranceOf = (c: Case): number =>
  Math.max(loose[c.op] ?? usual, perOffset * Math.max(...c.inputs.map(offsetOf)));

/** Compares a tensor; NaN and infinities must stand in the same places, integers must be equal. */
export function difference(output: string, expected: Found, actual: Found, tolerance: number): Difference | null {
  const at = (index: number, error: number): Difference => ({
    output,
    shape: expected.shape,
    index,
    expected: Number(expected.data[index]),
    actual: Number(actual.data[index]),
    error,
  });
  if (String(actual.shape) !== String(expected.shape)) return at(0, Number.POSITIVE_INFINITY);
  let size = smallest;
  for (const e of expected.data) if (Number.isFinite(Number(e))) size = Math.max(size, Math.abs(Number(e)));
  let worst: Difference | null = null;
  for (let i = 0; i < expected.data.length; i++) {
    const [e, a] = [Number(expected.data[i]), Number(actual.data[i])];
    if (Object.is(e, a) || e === a) continue;
    const error = Number.isFinite(e) && Number.isFinite(a) ? Math.abs(e - a) / size : Number.POSITIVE_INFINITY;
    if (error > tolerance && (!worst || error > worst.error)) worst = at(i, error);
  }
  return worst;
}
