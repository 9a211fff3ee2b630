/** Numbers by which tensors are multiplied and divided, and tensors side by side, in fewer nodes. */
import { applyAll, concat, mul, reshape, sub } from "../../apply.js";
import { count, isStatic } from "../../shapes.js";
import { constant, ints, known, madeBy, type Value } from "../../value.js";
import type { Rewrite } from "../rewrite.js";

/** Arithmetic of float32 numbers whose result is rounded to one, as every provider does it but for division. */
export const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

/** The average of a map, without its axes. */
export const averaged: Rewrite = (node, [x]) => {
  const pooled = node.op === "Reshape" ? madeBy(x, "GlobalAveragePool") : null;
  const image = pooled?.inputs[0];
  const isFlat = image?.shape.length === 4 && String(node.outputs[0].shape) === String(image.shape.slice(0, 2));
  return isFlat ? applyAll("ReduceMean", [image, ints([2, 3])], { keepdims: 0 }) : null;
};

/** The gradient of that, divided by a number: what makes it is multiplied instead. */
export const multiplied: Rewrite = (node, [x, divisor]) => {
  const shaped = node.op === "Div" ? madeBy(x, "Reshape") : null;
  const product = shaped && madeBy(shaped.inputs[0], "Gemm");
  const number = divisor && count(divisor.shape) === 1 ? known(divisor)?.[0] : undefined;
  if (!product || product.inputs[2] || number === undefined || !isStatic(node.outputs[0].shape)) return null;
  const alpha = ((product.attributes.alpha as number | undefined) ?? 1) / number;
  const [y] = applyAll("Gemm", product.inputs, { ...product.attributes, alpha });
  return [reshape(y, node.outputs[0].shape)];
};

/** Vectors side by side, some of them divided by constants, times constants: multiplied by quotients. */
export const quotients: Rewrite = (node, [x, factors]) => {
  const joined = node.op === "Mul" && x?.shape.length === 1 && isStatic(x.shape) ? madeBy(x, "Concat") : null;
  const numbers = factors && String(factors.shape) === String(x?.shape) ? known(factors) : null;
  if (!joined || !numbers) return null;
  let at = 0;
  const parts = joined.inputs.map((part) => {
    const from = at;
    at += (part as Value).shape[0] as number;
    const divided = madeBy(part, "Div");
    const by =
      divided && String(divided.inputs[1]?.shape) === String(divided.outputs[0].shape) && known(divided.inputs[1]);
    if (!divided || !by) return part as Value;
    for (const [i, d] of by.entries()) numbers[from + i] /= d;
    return divided.inputs[0] as Value;
  });
  return parts.every((part, i) => part === joined.inputs[i])
    ? null
    : [mul(concat(unfolded(parts, 0), 0), constant(numbers))];
};

/** Tensors side by side, and in their places those that one of them is of along the same axis. */
const unfolded = (parts: readonly (Value | null)[], axis: number): readonly Value[] =>
  parts.flatMap((v) => {
    const inner = madeBy(v, "Concat");
    return inner?.attributes.axis === axis ? unfolded(inner.inputs, axis) : [v as Value];
  });

/** Tensors side by side, some of them made so before: at once. */
export const flattened: Rewrite = (node, inputs) => {
  if (node.op !== "Concat") return null;
  const axis = node.attributes.axis as number;
  const parts = unfolded(inputs, axis);
  return parts.length > inputs.length ? [concat(parts, axis)] : null;
};

/** A number less what a number was added to. */
export const lessened: Rewrite = (node, [number, x]) => {
  const added = node.op === "Sub" ? madeBy(x, "Add") : null;
  const of = (v: Value | null | undefined) =>
    v && v.shape.length === 0 && v.dtype === "float32" ? known(v)?.[0] : undefined;
  const [whole, part] = [of(number), of(added?.inputs[1])];
  return whole === undefined || part === undefined
    ? null
    : [sub(constant([whole - part], []), added?.inputs[0] as Value)];
};
