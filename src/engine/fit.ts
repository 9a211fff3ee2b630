/** Checks tensors against what a program declares, before ONNX Runtime does: its own message names neither program nor side. */
import { elements } from "../array.js";
import { type Sentence, ShapeError, said, UsageError } from "../errors.js";
import type { DataArray, Elements, ElementType, NamedArrays, TensorInfo } from "./messages.js";

/** The element type of a typed array; `Uint8Array` also stands for bool. */
export function elementType(data: Elements): ElementType | null {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof BigInt64Array) return "int64";
  if (data instanceof Int32Array) return "int32";
  return data instanceof Uint8Array ? "uint8" : null;
}

/** Throws unless the shape accounts for all elements and the type is one that engines take. */
export function requireWhole(where: string | Sentence, name: string, array: DataArray): ElementType {
  const type = elementType(array.data);
  if (!type) {
    throw new ShapeError(
      "wrong-dtype",
      said`${where}: ${{ tensor: name }} is ${{ dtype: Object.prototype.toString.call(array.data).slice(8, -1) }}. Give Float32Array, Float64Array, BigInt64Array, Int32Array or Uint8Array.`,
    );
  }
  if (elements(array.shape) !== array.data.length) {
    throw new ShapeError(
      "wrong-shape",
      said`${where}: ${{ tensor: name }} has shape ${{ shape: array.shape }}, which is ${elements(array.shape)} elements, and ${array.data.length} elements of data.`,
    );
  }
  return type;
}

/**
 * Throws unless a tensor of `type` and `shape` may be fed for `expected`.
 *
 * @param sizes - sizes that named dimensions have in this run so far; filled here, so that one name is one size
 */
export function requireFit(
  where: string | Sentence,
  expected: TensorInfo,
  type: string,
  shape: readonly number[],
  sizes: Map<string, { size: number; from: string }>,
): void {
  const isType = type === expected.dtype || (type === "uint8" && expected.dtype === "bool");
  const isShape =
    shape.length === expected.shape.length &&
    expected.shape.every((dimension, i) => typeof dimension === "string" || dimension === shape[i]);
  if (!isType || !isShape) {
    throw new ShapeError(
      isType ? "wrong-shape" : "wrong-dtype",
      said`${where}: ${{ tensor: expected.name }} must be ${expected.dtype}${{ neededShape: expected.shape }}, and ${{ dtype: type }}${{ shape }} was given.`,
    );
  }
  for (const [i, dimension] of expected.shape.entries()) {
    if (typeof dimension !== "string" || dimension === "") continue;
    const seen = sizes.get(dimension);
    if (seen && seen.size !== shape[i]) {
      throw new ShapeError(
        "wrong-shape",
        said`${where}: ${{ tensor: expected.name }} is ${{ dtype: type }}${{ shape }}, so ${dimension} is ${shape[i]}, but ${seen.from} has ${dimension} ${seen.size}.`,
      );
    }
    if (!seen) sizes.set(dimension, { size: shape[i], from: expected.name });
  }
}

/** Whether every size is known before a run. */
export const isKnown = (shape: TensorInfo["shape"]): shape is readonly number[] =>
  shape.every((d) => typeof d === "number");

/** Whether a tensor is of a type and sizes. */
export const isOf = (
  held: Pick<TensorInfo, "dtype" | "shape">,
  dtype: string,
  shape: readonly (number | string)[],
): boolean => held.dtype === dtype && held.shape.length === shape.length && held.shape.every((d, i) => d === shape[i]);

/** Whether an array may be written over a tensor; `Uint8Array` also stands for bool. */
export const canHold = (held: Pick<TensorInfo, "dtype" | "shape">, dtype: string, shape: readonly number[]): boolean =>
  isOf(held, dtype, shape) || (dtype === "uint8" && isOf(held, "bool", shape));

/** Whether known sizes and dtypes agree; names may differ. */
export function canFollow(current: TensorInfo, next: TensorInfo): boolean {
  return (
    current.dtype === next.dtype &&
    current.shape.length === next.shape.length &&
    current.shape.every((d, i) => typeof d === "string" || typeof next.shape[i] === "string" || d === next.shape[i])
  );
}

/** @throws UsageError if a program lacks an input that is fed, or an output that is wanted */
export function requireNamed(
  where: Sentence,
  { inputs, outputs }: { readonly inputs: readonly TensorInfo[]; readonly outputs: readonly TensorInfo[] },
  feeds: NamedArrays,
  wanted: readonly string[],
): void {
  for (const name of Object.keys(feeds)) {
    if (!inputs.some((i) => i.name === name)) {
      throw new UsageError(
        "unknown-name",
        said`${where} has no input ${{ tensor: name }}. Its inputs are ${inputs.map((i) => i.name).join(", ")}.`,
      );
    }
  }
  for (const name of wanted) {
    if (!outputs.some((o) => o.name === name)) {
      throw new UsageError(
        "unknown-name",
        said`${where} has no output ${{ tensor: name }}. Its outputs are ${outputs.map((o) => o.name).join(", ")}.`,
      );
    }
  }
}
