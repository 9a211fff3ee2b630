/** Shape rules shared by many ops. */
import { type ErrorCode, type Sentence, ShapeError, said } from "../errors.js";
import { type Dimension, describe, type Shape, type TensorType, type Value } from "./value.js";

/** Fails with the op, the reason, the values it was called with, and the place in the caller's code. */
export function fail(
  op: string,
  reason: string | Sentence,
  values: readonly (Value | null)[],
  code: ErrorCode<"ShapeError"> = "wrong-shape",
): never {
  const given = values.map((v) => (v ? (isValue(v) ? describe(v) : String(v)) : "none"));
  throw new ShapeError(code, said`${{ op }}: ${reason} (${{ inputs: given }})${callSite()}`);
}

/** Whether it is a value of a graph: from JavaScript, anything may come. */
export const isValue = (x: unknown): x is Value => typeof x === "object" && x !== null && "source" in x;

/** The first line of the stack outside this room's folder, wherever that is installed. */
function callSite(): string {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const stack = new Error().stack ?? "";
  Error.stackTraceLimit = stackTraceLimit;
  const frames = stack.split("\n").filter((line) => line.startsWith("    at ") && !line.includes("node:internal"));
  const room = /(?:file:\/\/)?[^ (]*[/\\]/.exec(frames[0]?.split(/ \(| at /).at(-1) ?? "")?.[0];
  const line = room && frames.find((l) => !l.includes(room) && !l.includes("(<anonymous>)"));
  return line ? `\n${line}` : "";
}

/** An axis, or an index, counted from the front where it is negative; not checked. */
export const fromFront = (axis: number, size: number): number => (axis < 0 ? axis + size : axis);

/** `axis` counted from the front, for a tensor of `rank` dimensions. */
export function axisOf(op: string, axis: number, rank: number, values: readonly Value[]): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    fail(op, `axis ${axis} is outside a rank of ${rank}`, values);
  return fromFront(axis, rank);
}

/** NumPy's broadcasting of two or more shapes. */
export function broadcast(op: string, values: readonly Value[]): Shape {
  const rank = Math.max(...values.map((v) => v.shape.length));
  return Array.from({ length: rank }, (_, i) => {
    let result: Dimension = 1;
    for (const { shape } of values) {
      const d = shape[i - rank + shape.length] ?? 1;
      if (d === 1 || d === result) continue;
      if (result !== 1) fail(op, `dimensions ${result} and ${d} do not broadcast`, values);
      result = d;
    }
    return result;
  });
}

/** `shape` without `axes`, or with them kept as 1. */
export function reduced(op: string, x: Value, axes: readonly number[] | null, keepDims: boolean): Shape {
  const drop = new Set((axes ?? x.shape.map((_, i) => i)).map((a) => axisOf(op, a, x.shape.length, [x])));
  return x.shape.flatMap((d, i) => (drop.has(i) ? (keepDims ? [1] : []) : [d]));
}

/** Whether a dimension is a known number. */
export const isSize = (d: Dimension): d is number => typeof d === "number";

/** Whether every dimension is a known number. */
export const isStatic = (shape: Shape): shape is readonly number[] => shape.every(isSize);

/** The sizes of `value`, which must all be known. */
export function sizes(op: string, value: Value): readonly number[] {
  if (!isStatic(value.shape)) fail(op, "needs a shape without named dimensions", [value], "not-constant");
  return value.shape;
}

/** Convolution and pooling windows, one entry per spatial axis. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
}

/** ⌊(d + pads − dilation·(kernel − 1) − 1) / stride⌋ + 1 per spatial axis; named dimensions give a named result. */
export function windowed(op: string, spatial: Shape, w: Window, ceil: boolean, values: readonly Value[]): Shape {
  const rank = spatial.length;
  return spatial.map((d, i) => {
    const reach = w.dilations[i] * (w.kernel[i] - 1) + 1;
    const padding = w.pads[i] + w.pads[i + rank];
    if (!isSize(d))
      return reach - padding === 1 && w.strides[i] === 1
        ? d
        : `(${d}${padding - reach < 0 ? "" : "+"}${padding - reach})/${w.strides[i]}+1`;
    const size = (ceil ? Math.ceil : Math.floor)((d + padding - reach) / w.strides[i]) + 1;
    if (size < 1) fail(op, `a window of ${reach} does not fit ${d} with padding ${padding}`, values);
    return size;
  });
}

/** A tensor type. */
export const type = (dtype: Value["dtype"], shape: Shape): TensorType => ({ dtype, shape });

/** A dimension's factors: its size, and the names it is a multiple of. `n*4` is 4 times n. */
interface Factors {
  readonly size: number;
  readonly names: readonly string[];
}

/** The product of dimensions as factors. */
export function factors(shape: Shape): Factors {
  const parts = shape.flatMap((d) => (isSize(d) ? [d] : d.split("*").map((p) => (/^\d+$/.test(p) ? Number(p) : p))));
  return {
    size: parts.filter((p) => typeof p === "number").reduce((a, b) => a * b, 1),
    names: parts.filter((p) => typeof p === "string").sort(),
  };
}

/** The one dimension that factors make: `12`, `n`, `n*4`. */
export const merged = ({ size, names }: Factors): Dimension =>
  names.length === 0 || size === 0 ? size : [...names, ...(size === 1 ? [] : [size])].join("*");

/** `whole` divided by `part`, or null where it does not divide. */
export function quotient(whole: Factors, part: Factors): Factors | null {
  const names = [...whole.names];
  for (const name of part.names) {
    const at = names.indexOf(name);
    if (at < 0) return null;
    names.splice(at, 1);
  }
  const size = whole.size / part.size;
  return Number.isInteger(size) ? { size, names } : null;
}

/** The product of known dimensions, or null where one is named. */
export function count(shape: Shape): number | null {
  return isStatic(shape) ? shape.reduce((a, b) => a * b, 1) : null;
}
