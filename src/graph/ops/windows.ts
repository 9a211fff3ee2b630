/** Shape rules of convolution and pooling. */
import { fail, isSize, isStatic, sameDtype, type, windowed } from "../shapes.js";
import type { Attributes } from "../value.js";
import { type Infer, int, list } from "./infer.js";

/** Window attributes with ONNX's defaults. `auto_pad` is resolved when a model is read. */
export function windowOf(a: Attributes, kernel: readonly number[]) {
  const rank = kernel.length;
  return {
    kernel,
    strides: list(a, "strides", Array(rank).fill(1)),
    pads: list(a, "pads", Array(2 * rank).fill(0)),
    dilations: list(a, "dilations", Array(rank).fill(1)),
  };
}

export const conv: Infer = (x, a, op) => {
  const [image, w, bias] = x;
  const groups = int(a, "group", 1);
  if (image.shape.length < 3 || w.shape.length !== image.shape.length)
    fail(op, "images and filters must have the same rank, 3 or more", x);
  if (!isStatic(w.shape)) fail(op, "the filters' shape must be known", x);
  const [filters, channels, ...kernel] = w.shape;
  if (image.shape[1] !== channels * groups) {
    fail(op, `the input has ${image.shape[1]} channels, the filters expect ${channels * groups}`, x);
  }
  if (filters % groups !== 0) fail(op, `${filters} filters do not divide into ${groups} groups`, x);
  if (bias && bias.shape[0] !== filters) fail(op, `the bias has ${bias.shape[0]} elements for ${filters} filters`, x);
  const spatial = windowed(op, image.shape.slice(2), windowOf(a, kernel), false, x);
  return [type(sameDtype(op, x), [image.shape[0], filters, ...spatial])];
};

export const convTranspose: Infer = (x, a, op) => {
  const [image, w] = x;
  if (!isStatic(w.shape)) fail(op, "the filters' shape must be known", x);
  const [channels, perGroup, ...kernel] = w.shape;
  if (image.shape[1] !== channels)
    fail(op, `the input has ${image.shape[1]} channels, the filters expect ${channels}`, x);
  const { strides, pads, dilations } = windowOf(a, kernel);
  const extra = list(
    a,
    "output_padding",
    kernel.map(() => 0),
  );
  const spatial = image.shape.slice(2).map((d, i) => {
    if (!isSize(d)) return `${op}(${d})`;
    return strides[i] * (d - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1 - pads[i] - pads[i + kernel.length];
  });
  return [type(sameDtype(op, x), [image.shape[0], perGroup * int(a, "group", 1), ...spatial])];
};

export const pool: Infer = (x, a, op, outputs) => {
  const kernel = list(a, "kernel_shape", []);
  if (kernel.length !== x[0].shape.length - 2) fail(op, `a kernel of [${kernel}] does not suit the input`, x);
  const spatial = windowed(op, x[0].shape.slice(2), windowOf(a, kernel), int(a, "ceil_mode", 0) === 1, x);
  const shape = [...x[0].shape.slice(0, 2), ...spatial];
  return outputs > 1 ? [type(x[0].dtype, shape), type("int64", shape)] : [type(x[0].dtype, shape)];
};

export const globalPool: Infer = ([x]) => [type(x.dtype, [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)])];
