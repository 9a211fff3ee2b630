/**
 * One function per op. Inputs go by position, attributes by name with ONNX's defaults; a plain number stands for a scalar
 * constant. Dtypes and shapes are inferred at the call, and a misfit fails there, with the caller's file and line.
 */

import { elementTypes } from "../onnx/index.js";
import { fold } from "./fold.js";
import { check } from "./ops/check.js";
import type { Op } from "./ops/declare.js";
import {
  type AttributesOf,
  attributesOf,
  type IsFreeOf,
  isComposite,
  type NativeOp,
  native,
  nativeAttributes,
  nativeDomain,
  type OpType,
  ops,
} from "./ops/index.js";
import { fail } from "./shapes.js";
import { type Attributes, type DType, ints, known, type NodeAttributes, node, scalar, type Value } from "./value.js";

/** A value, or a number that becomes a constant of the other operand's dtype. */
export type Operand = Value | number;
type Inputs = readonly (Value | null)[];

/** Attributes by name, as ONNX declares them: a wrong name or kind does not compile. They may be left out where all may. */
type With<K extends OpType> = IsFreeOf<K> extends true ? [attributes?: AttributesOf<K>] : [attributes: AttributesOf<K>];

/**
 * Applies `op` and gives all its outputs.
 *
 * @param inputs - as ONNX orders them; null: an optional one that is left out
 * @param rest - attributes, and how many outputs are wanted; default 1
 * @throws ShapeError if inputs or attributes are not what the op declares, with the place of the call
 */
export function applyAll<K extends OpType>(
  op: K,
  inputs: Inputs,
  ...rest: [...With<K>, outputs?: number]
): readonly Value[];
/** The attributes of a node, such as one that is replaced, go to another. */
export function applyAll(op: OpType, inputs: Inputs, attributes: NodeAttributes, outputs?: number): readonly Value[];
export function applyAll(op: OpType, inputs: Inputs, ...rest: readonly unknown[]): readonly Value[] {
  const [attributes = {}, outputs = 1] = rest as [Attributes?, number?];
  const declared: Op | undefined = ops[op];
  if (!declared) fail(op, "the builder does not know this op", inputs, "unknown-op");
  check(op, declared, inputs, attributes);
  const types = declared.shape(inputs as readonly Value[], attributesOf(op, attributes), op, outputs);
  const made = node(op, inputs, attributes, types, isComposite(op) ? "hcsc" : "");
  const folded = fold(made);
  return folded ? [folded] : made.outputs;
}

/** Applies an op that kernels of our own compute (`ops/native.ts`) and gives all its outputs. */
export function applyNative(op: NativeOp, inputs: Inputs, attributes: Attributes): readonly Value[] {
  const declared: Op = native[op];
  check(op, declared, inputs, attributes);
  const types = declared.shape(inputs as readonly Value[], nativeAttributes(op, attributes), op, 1);
  return node(op, inputs, attributes, types, nativeDomain).outputs;
}

/** Applies `op` and gives its first output; see {@link applyAll}. */
export function apply<K extends OpType>(op: K, inputs: Inputs, ...rest: With<K>): Value;
export function apply(op: OpType, inputs: Inputs, attributes: NodeAttributes): Value;
export function apply(op: OpType, inputs: Inputs, ...rest: readonly unknown[]): Value {
  return applyAll(op, inputs, ...(rest as [NodeAttributes]))[0];
}

const valued = (x: Operand, like: Operand): Value =>
  typeof x === "number" ? scalar(x, typeof like === "number" ? "float32" : like.dtype) : x;
const unary = (op: OpType) => (x: Value) => apply(op, [x]);
const binary = (op: OpType) => (a: Operand, b: Operand) => apply(op, [valued(a, b), valued(b, a)]);

/** a + b (ONNX `Add`); shapes broadcast. */
export const add = binary("Add");
/** a − b (`Sub`); shapes broadcast. */
export const sub = binary("Sub");
/** a · b, element by element (`Mul`); shapes broadcast. */
export const mul = binary("Mul");
/** a / b (`Div`; of integers rounded towards zero); shapes broadcast. */
export const div = binary("Div");
/** a to the power of b (`Pow`); shapes broadcast. */
export const pow = binary("Pow");
/** The larger of a and b (`Max`); shapes broadcast. */
export const maximum = binary("Max");
/** The smaller of a and b (`Min`); shapes broadcast. */
export const minimum = binary("Min");
/** a = b (`Equal`), bool; shapes broadcast. */
export const equal = binary("Equal");
/** a > b (`Greater`), bool; shapes broadcast. */
export const greater = binary("Greater");
/** a ≥ b (`GreaterOrEqual`), bool; shapes broadcast. */
export const greaterOrEqual = binary("GreaterOrEqual");
/** a < b (`Less`), bool; shapes broadcast. */
export const less = binary("Less");
/** a ≤ b (`LessOrEqual`), bool; shapes broadcast. */
export const lessOrEqual = binary("LessOrEqual");
/** Both of two bools (`And`); shapes broadcast. */
export const and = binary("And");
/** One of two bools or both (`Or`); shapes broadcast. */
export const or = binary("Or");

/** |x| (`Abs`). */
export const abs = unary("Abs");
/** The least whole number that is not below x (`Ceil`); no gradient. */
export const ceil = unary("Ceil");
/** cos x (`Cos`), x in radians. */
export const cos = unary("Cos");
/** The error function of x (`Erf`). */
export const erf = unary("Erf");
/** eˣ (`Exp`). */
export const exp = unary("Exp");
/** The largest whole number that is not above x (`Floor`); no gradient. */
export const floor = unary("Floor");
/** The natural logarithm of x (`Log`). */
export const log = unary("Log");
/** −x (`Neg`). */
export const neg = unary("Neg");
/** The other bool (`Not`). */
export const not = unary("Not");
/** 1 / x (`Reciprocal`). */
export const reciprocal = unary("Reciprocal");
/** max(x, 0) (`Relu`). */
export const relu = unary("Relu");
/** 1 / (1 + e⁻ˣ) (`Sigmoid`). */
export const sigmoid = unary("Sigmoid");
/** −1, 0 or 1 (`Sign`); no gradient. */
export const sign = unary("Sign");
/** sin x (`Sin`), x in radians. */
export const sin = unary("Sin");
/** ln(1 + eˣ) (`Softplus`). */
export const softplus = unary("Softplus");
/** √x (`Sqrt`). */
export const sqrt = unary("Sqrt");
/** The hyperbolic tangent of x (`Tanh`). */
export const tanh = unary("Tanh");
/** x itself, under a name of its own (`Identity`). */
export const identity = unary("Identity");

/** `x` as `dtype`; itself if it is that already. */
export const cast = (x: Value, dtype: DType): Value =>
  x.dtype === dtype ? x : apply("Cast", [x], { to: elementTypes[dtype].code });

/** `x` where `condition`, else `y`. */
export const where = (condition: Value, x: Operand, y: Operand): Value =>
  apply("Where", [condition, valued(x, y), valued(y, x)]);

/** `x` held between `low` and `high`; either may be left out. */
export const clip = (x: Value, low: number | null, high: number | null): Value =>
  apply(
    "Clip",
    high === null
      ? [x, low === null ? null : scalar(low, x.dtype)]
      : [x, low === null ? null : scalar(low, x.dtype), scalar(high, x.dtype)],
  );

const reduction =
  (op: "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceLogSumExp") =>
  (x: Value, axes: readonly number[] | null = null, keepDims = false) =>
    apply(op, axes ? [x, ints(axes)] : [x], {
      keepdims: keepDims ? 1 : 0,
      ...(axes?.length === 0 ? { noop_with_empty_axes: 1 } : {}),
    });

/** Sum over `axes` (null: all). */
export const sum = reduction("ReduceSum");
/** Mean over `axes` (null: all). */
export const mean = reduction("ReduceMean");
/** Largest element over `axes` (null: all); of equal ones each gets its share of the gradient. */
export const max = reduction("ReduceMax");
/** Smallest element over `axes` (null: all); of equal ones each gets its share of the gradient. */
export const min = reduction("ReduceMin");
/** ln Σ eˣ over `axes` (null: all), safe against overflow. */
export const logSumExp = reduction("ReduceLogSumExp");

/** Index of the largest element along `axis`, the first of equals; int64. */
export const argMax = (x: Value, axis = -1, keepDims = false): Value =>
  apply("ArgMax", [x], { axis, keepdims: keepDims ? 1 : 0 });

/** eˣ / Σ eˣ along `axis`, safe against overflow. */
export const softmax = (x: Value, axis = -1): Value => apply("Softmax", [x], { axis });
/** ln softmax(x) along `axis`, safe against overflow. */
export const logSoftmax = (x: Value, axis = -1): Value => apply("LogSoftmax", [x], { axis });

/** Matrix product of the last two axes; leading axes broadcast. */
export const matMul = (a: Value, b: Value): Value => apply("MatMul", [a, b]);

/** `alpha·a·b + beta·c` with either transposed on request. */
export const gemm = (
  a: Value,
  b: Value,
  c: Value | null = null,
  { transA = false, transB = false, alpha = 1, beta = 1 } = {},
): Value =>
  apply("Gemm", c ? [a, b, c] : [a, b], {
    ...(transA ? { transA: 1 } : {}),
    ...(transB ? { transB: 1 } : {}),
    ...(alpha === 1 ? {} : { alpha }),
    ...(beta === 1 ? {} : { beta }),
  });

/** `pads`: all begins, then all ends. */
export type ConvAttributes = AttributesOf<"Conv">;
type PoolAttributes<K extends "MaxPool" | "AveragePool"> = Omit<AttributesOf<K>, "kernel_shape">;

/** Cross-correlation of `x` [N,I,H,W] with `w` [O,I/group,h,w], and a bias [O]. */
export const conv = (x: Value, w: Value, attributes: ConvAttributes = {}, bias: Value | null = null): Value =>
  apply("Conv", bias ? [x, w, bias] : [x, w], attributes);

/** Largest value of each window; padding never wins. */
export const maxPool = (x: Value, kernel: readonly number[], attributes: PoolAttributes<"MaxPool"> = {}): Value =>
  apply("MaxPool", [x], { kernel_shape: kernel, ...attributes });

/** Mean of each window; padding counts only with `count_include_pad: 1`. */
export const averagePool = (
  x: Value,
  kernel: readonly number[],
  attributes: PoolAttributes<"AveragePool"> = {},
): Value => apply("AveragePool", [x], { kernel_shape: kernel, ...attributes });

/** Mean of each channel over all positions (`GlobalAveragePool`): [N,C,…] to [N,C,1,…]. */
export const globalAveragePool = unary("GlobalAveragePool");

/** Reshape; −1 once for what is left, 0 to keep a dimension. */
export const reshape = (x: Value, shape: readonly number[] | Value): Value => {
  const vector = Array.isArray(shape) ? ints(shape as readonly number[]) : (shape as Value);
  return apply("Reshape", [x, vector]);
};
/** Axes in another order: axis i of the result is axis `perm[i]` of x (`Transpose`). */
export const transpose = (x: Value, perm: readonly number[]): Value =>
  perm.every((p, i) => p === i) ? x : apply("Transpose", [x], { perm });
/** Without `axes`, which have length 1 (`Squeeze`). */
export const squeeze = (x: Value, axes: readonly number[]): Value =>
  axes.length ? apply("Squeeze", [x, ints(axes)]) : x;
/** With new axes of length 1 at `axes` of the result (`Unsqueeze`). */
export const unsqueeze = (x: Value, axes: readonly number[]): Value =>
  axes.length ? apply("Unsqueeze", [x, ints(axes)]) : x;
/** Values one after the other along `axis` (`Concat`); a single one is itself. */
export const concat = (values: readonly Value[], axis: number): Value =>
  values.length === 1 ? values[0] : apply("Concat", values, { axis });

/** Parts of `x` along `axis` with the given sizes. */
export const split = (x: Value, parts: readonly number[], axis: number): readonly Value[] =>
  applyAll("Split", [x, ints(parts)], { axis }, parts.length);

/** Elements `from` ≤ i < `to` along `axis`, every `step`-th. */
export const slice = (x: Value, axis: number, from: number, to: number, step = 1): Value =>
  apply("Slice", [x, ints([from]), ints([to]), ints([axis]), ints([step])]);

/** Zeros (or `value`) around `x`; `pads`: all begins, then all ends. */
export const pad = (x: Value, pads: readonly number[], value = 0): Value =>
  pads.every((p) => p === 0)
    ? x
    : apply("Pad", value === 0 ? [x, ints(pads)] : [x, ints(pads), scalar(value, x.dtype)]);

/** x broadcast to `shape` (`Expand`). */
export const expand = (x: Value, shape: readonly number[] | Value): Value =>
  apply("Expand", [x, Array.isArray(shape) ? ints(shape as readonly number[]) : (shape as Value)]);

/** Entries of `x` along `axis` at `indices` (int64 of any shape). */
export const gather = (x: Value, indices: Value, axis = 0): Value => apply("Gather", [x, indices], { axis });
/** Of x, along `axis`, the element at each of `indices` (int64), which are of the result's shape (`GatherElements`). */
export const gatherElements = (x: Value, indices: Value, axis: number): Value =>
  apply("GatherElements", [x, indices], { axis });

/** `x` with rows at `indices` [n,k] replaced by, or (`add`) added to, `updates`. */
export const scatterND = (x: Value, indices: Value, updates: Value, mode: "none" | "add" = "none"): Value =>
  apply("ScatterND", [x, indices, updates], mode === "none" ? {} : { reduction: mode });

/** `x` unchanged, but no gradient flows through: a constant for `differentiate`. */
export const stopGradient = (x: Value): Value => apply("Identity", [x], { stop: 1 });

/** Batch normalisation in training form. @returns y, batch mean, biased batch variance */
export function batchNormTrain(x: Value, scale: Value, bias: Value, epsilon = 1e-5): readonly [Value, Value, Value] {
  const [y, average, variance] = applyAll("BatchNormTrain", [x, scale, bias], { epsilon }, 3);
  return [y, average, variance];
}

/** Rows [N, D] scaled to unit length; lengths under `floor` count as `floor`, so that a row of zeros stays zeros. */
export const unitRows = (x: Value, floor = 1e-12): Value => applyAll("UnitRows", [x], { floor }, 2)[0];

/** Σ x² over all elements of all tensors. */
export const sumOfSquares = (tensors: readonly Value[]): Value => apply("SumOfSquares", tensors);

/** The constant elements of `x` as numbers, or null. */
export const constantOf = known;
