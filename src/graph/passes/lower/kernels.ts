/**
 * The blocked kernels of ONNX Runtime's CPU provider (domain `com.microsoft.nchwc`). The memory of a blocked image [N,C,H,W]
 * is [N, C/b, H, W, b], though its ONNX shape stays [N,C,H,W]; a `Reshape` is a view of that memory.
 */
import { concat, mul, neg, reshape } from "../../apply.js";
import type { kernels } from "../../ops/kernels.js";
import { sameShape } from "../../reshaping.js";
import { type Attributes, constant, node, type Value } from "../../value.js";

const domain = "com.microsoft.nchwc" satisfies keyof typeof kernels;

/** Known sizes of an image: [N,C,H,W]. */
export type Image = readonly [number, number, number, number];

export const imageOf = (x: Value): Image => x.shape as unknown as Image;

function kernel(
  op: keyof (typeof kernels)[typeof domain],
  inputs: readonly (Value | null)[],
  attributes: Attributes,
  shape: readonly number[],
): Value {
  return node(op, inputs, attributes, [{ dtype: "float32", shape }], domain).outputs[0];
}

/** The same memory under another shape. */
export const view = (x: Value, shape: readonly number[]): Value => (sameShape(x.shape, shape) ? x : reshape(x, shape));

/** From [N,C,H,W] memory to blocked memory. */
export const toBlocked = (x: Value): Value => kernel("ReorderInput", [x], {}, imageOf(x));

/** From blocked memory to [N,C,H,W]. */
export const toPlain = (x: Value): Value => kernel("ReorderOutput", [x], { channels: imageOf(x)[1] }, imageOf(x));

/** From blocked memory to [N,H,W,C]. */
export function toChannelsLast(x: Value): Value {
  const [n, c, h, w] = imageOf(x);
  return kernel("ReorderOutput", [x], { channels: c, channels_last: 1 }, [n, h, w, c]);
}

/** What a convolution adds to its result, and the activation after that. */
export interface Tail {
  readonly bias?: Value | null;
  readonly sum?: Value | null;
  readonly relu?: boolean;
}

/** Convolution of a blocked image (or, with fewer channels than a block, a plain one) by blocked filters. */
export function convolve(
  x: Value,
  w: Value,
  attributes: Attributes,
  out: readonly number[],
  { bias = null, sum = null, relu = false }: Tail = {},
): Value {
  const inputs = sum ? [x, w, bias, sum] : bias ? [x, w, bias] : [x, w];
  return kernel("Conv", inputs, relu ? { ...attributes, activation: "Relu" } : attributes, out);
}

/** scale·x + bias by channel, scale and bias [C]. */
export function affine(x: Value, scale: Value, tail: Tail): Value {
  const channels = imageOf(x)[1];
  return convolve(x, view(scale, [channels, 1, 1, 1]), { group: channels }, imageOf(x), tail);
}

export const maxPool = (x: Value, attributes: Attributes, out: readonly number[]): Value =>
  kernel("MaxPool", [x], attributes, out);

/** Mean over positions: [N,C,1,1], whose memory is the plain one too. */
export function globalMean(x: Value): Value {
  const [n, c] = imageOf(x);
  return kernel("GlobalAveragePool", [x], {}, [n, c, 1, 1]);
}

/** Each channel by itself convolved with the same taps, which `kernel` [h,w] holds row by row. */
export function depthwise(
  x: Value,
  taps: readonly number[],
  kernel: readonly [number, number],
  attributes: Attributes,
  out: Image,
  b: number,
  tail: Tail = {},
): Value {
  const channels = imageOf(x)[1];
  return convolve(x, sameTaps(channels, taps, kernel, b), { ...attributes, group: channels }, out, tail);
}

/** Filters [C,1,h,w] with the same taps for each channel. */
export function sameTaps(
  channels: number,
  taps: readonly number[],
  kernel: readonly [number, number],
  b: number,
): Value {
  const lanes = taps.flatMap((tap) => Array<number>(b).fill(tap));
  const filters = new Float32Array(channels * taps.length);
  for (let at = 0; at < filters.length; at += lanes.length) filters.set(lanes, at);
  return constant(filters, [channels, 1, ...kernel]);
}

/** 1 where what `filters` take of x is y or more, else 0. */
export function reaches(x: Value, filters: Value, y: Value, attributes: Attributes): Value {
  const step = { activation: "HardSigmoid", activation_params: [1e30, 1] };
  return kernel("Conv", [x, filters, null, neg(y)], { ...attributes, ...step }, imageOf(y));
}

/**
 * The blocked image whose pixels of each parity of row and column are those of an image of half its size; null: zeros.
 *
 * @param parts - by parity of row, then of column; not the first null
 */
export function interleave(parts: readonly (readonly (Value | null)[])[], out: Image, b: number): Value {
  const [n, c, h, w] = out;
  const zeros = mul(parts[0][0] as Value, 0);
  const lanes = (n * c) / b;
  const row = (columns: readonly (Value | null)[]) =>
    view(
      concat(
        columns.map((p) => view(p ?? zeros, [(lanes * h) / 2, w / 2, 1, b])),
        2,
      ),
      [lanes, h / 2, 1, w * b],
    );
  return view(concat(parts.map(row), 2), out);
}
