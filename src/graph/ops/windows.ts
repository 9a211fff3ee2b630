/** Convolution and pooling. `auto_pad`, and a `kernel_shape` that repeats the filters', are resolved when a model is read. */
import { fail, isSize, isStatic, type, type Window, windowed } from "../shapes.js";
import type { TensorType } from "../value.js";
import { type Dtypes, floats, type In, int, ints, like, op, optional } from "./declare.js";

/** Attributes of a window's place. Without them: steps of 1 along each axis, no padding. */
export const window = { strides: ints(), pads: ints(), dilations: ints() };

/** Attributes of a convolution. */
export const convolution = { ...window, group: int(1) };

/** A window of `kernel` with what ONNX takes for attributes that are not given. */
export function windowOf(attributes: object, kernel: readonly number[]): Window {
  const given: { readonly [N in keyof typeof window]?: readonly number[] } = attributes;
  return {
    kernel,
    strides: given.strides ?? kernel.map(() => 1),
    pads: given.pads ?? [...kernel, ...kernel].map(() => 0),
    dilations: given.dilations ?? kernel.map(() => 1),
  };
}

function conv(x: In, a: { readonly group: number }, name: string): readonly TensorType[] {
  const [image, w, bias] = x;
  const groups = a.group;
  if (image.shape.length < 3 || w.shape.length !== image.shape.length)
    fail(name, "images and filters must have the same rank, 3 or more", x);
  if (!isStatic(w.shape)) fail(name, "the filters' shape must be known", x, "not-constant");
  const [filters, channels, ...kernel] = w.shape;
  if (image.shape[1] !== channels * groups)
    fail(name, `the input has ${image.shape[1]} channels, the filters expect ${channels * groups}`, x);
  if (filters % groups !== 0) fail(name, `${filters} filters do not divide into ${groups} groups`, x);
  if (bias && bias.shape[0] !== filters) fail(name, `the bias has ${bias.shape[0]} elements for ${filters} filters`, x);
  const spatial = windowed(name, image.shape.slice(2), windowOf(a, kernel), false, x);
  return [type(image.dtype, [image.shape[0], filters, ...spatial])];
}

interface Transposed {
  readonly group: number;
  readonly output_padding: readonly number[] | undefined;
}

function convTranspose(x: In, a: Transposed, name: string): readonly TensorType[] {
  const [image, w] = x;
  if (!isStatic(w.shape)) fail(name, "the filters' shape must be known", x, "not-constant");
  const [channels, perGroup, ...kernel] = w.shape;
  if (image.shape[1] !== channels)
    fail(name, `the input has ${image.shape[1]} channels, the filters expect ${channels}`, x);
  const { strides, pads, dilations } = windowOf(a, kernel);
  const extra = a.output_padding ?? kernel.map(() => 0);
  const spatial = image.shape.slice(2).map((d, i) => {
    if (!isSize(d)) return `${name}(${d})`;
    return strides[i] * (d - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1 - pads[i] - pads[i + kernel.length];
  });
  return [type(image.dtype, [image.shape[0], perGroup * a.group, ...spatial])];
}

interface Pooling {
  readonly kernel_shape: readonly number[];
  readonly ceil_mode: number;
}

function pool(x: In, a: Pooling, name: string, outputs: number): readonly TensorType[] {
  const kernel = a.kernel_shape;
  if (kernel.length !== x[0].shape.length - 2) fail(name, `a kernel of [${kernel}] does not suit the input`, x);
  const spatial = windowed(name, x[0].shape.slice(2), windowOf(a, kernel), a.ceil_mode === 1, x);
  const shape = [...x[0].shape.slice(0, 2), ...spatial];
  return outputs > 1 ? [type(x[0].dtype, shape), type("int64", shape)] : [type(x[0].dtype, shape)];
}

const globalPool = ([x]: In): readonly TensorType[] => [
  type(x.dtype, [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)]),
];

/** Attributes of pooling. */
export const pooling = { kernel_shape: ints.needed, ...window, ceil_mode: int(0) };

const pooled: Dtypes = { words: "floats or 8-bit integers", among: [...floats.among, "int8", "uint8"] };
const filtered = [like("X", floats), like("W", floats), optional(like("B", floats))];

export const windows = {
  Conv: op(filtered, convolution, conv),
  ConvTranspose: op(filtered, { ...convolution, output_padding: ints() }, convTranspose),
  MaxPool: op([like("X", pooled)], pooling, pool),
  AveragePool: op([like("X", floats)], { ...pooling, count_include_pad: int(0) }, pool),
  GlobalAveragePool: op([like("X", floats)], {}, globalPool),
  GlobalMaxPool: op([like("X", floats)], {}, globalPool),
};
