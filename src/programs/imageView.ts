/**
 * The evaluation view as ONNX nodes: images of 8 bits and any size to the normalised pixels that an encoder takes, with the very
 * numbers of `evaluationView`, which are Pillow's.
 *
 * ONNX's own `Resize` with `antialias` is not used: in ONNX Runtime 1.30 one pixel in 270 (bilinear) or 30 (bicubic) differs from
 * Pillow's, by up to 19 levels. Instead each axis is a product with a matrix of Pillow's weights, which the graph makes from the
 * image's size in float64. Weights are integers of 22 fractional bits, and pass the float32 product as two halves, whose sums are exact.
 */
import type { NodeContent, TensorContent } from "../onnx/index.js";

export interface ViewSettings {
  /** Side of the view. */
  readonly size: number;
  /** 1: the luma of colours. */
  readonly channels: number;
  /** Short side before the cut; 0: round(size · 256 / 224), but images of size × size as they are. */
  readonly resize: number;
  readonly interpolation: "bilinear" | "bicubic";
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

interface Nodes {
  readonly nodes: readonly NodeContent[];
  readonly constants: readonly TensorContent[];
}

/** Nodes that make `to` [batch, channels, size, size], float32, of `from` [batch, height, width, 3 or as many as it has channels], uint8. */
export function imageView(from: string, to: string, settings: ViewSettings): Nodes {
  const g = new Emitter();
  const { channels, mean, std } = settings;
  const pixels = g.op("Cast", [from], { to: elementType.float32 });
  const planes = g.op("Transpose", [pixels], { perm: [0, 3, 1, 2] });
  const image = channels === 1 ? luma(g, planes) : planes;
  const [height, width] = [1, 2].map((axis) => g.op("Gather", [g.op("Shape", [from]), g.whole(axis)], { axis: 0 }));
  const sides = resized(g, height, width, settings);
  const across = weights(g, width, sides.width, settings);
  const down = weights(g, height, sides.height, settings);
  const narrow = product(g, image, across);
  const turned = g.op("Transpose", [narrow], { perm: [0, 1, 3, 2] });
  const view = g.op("Transpose", [product(g, turned, down)], { perm: [0, 1, 3, 2] });
  const perChannel = (values: readonly number[]) =>
    g.constant("float32", [1, channels, 1, 1], Float32Array.from(values));
  const shares = g.op("Div", [view, g.number(255)]);
  g.op("Div", [g.op("Sub", [shares, perChannel(mean)]), perChannel(std)], {}, to);
  return g;
}

/** Pillow's: (19595 R + 38470 G + 7471 B + 2¹⁵) >> 16, exact in float32. */
function luma(g: Emitter, planes: string): string {
  const parts = g.constant("float32", [1, 3, 1, 1], Float32Array.of(19595, 38470, 7471));
  const sum = g.op("ReduceSum", [g.op("Mul", [planes, parts]), g.wholes([1])], { keepdims: 1 });
  return g.op("Floor", [g.op("Div", [g.op("Add", [sum, g.number(2 ** 15)]), g.number(2 ** 16)])]);
}

/** Height and width after the resize: the long side is rounded down. */
function resized(g: Emitter, height: string, width: string, { size, resize }: ViewSettings) {
  const short = g.op("Min", [height, width]);
  const isView = g.op("And", [g.op("Equal", [height, g.whole(size)]), g.op("Equal", [width, g.whole(size)])]);
  const side = resize || Math.round((size * 256) / 224);
  const wanted = resize ? g.whole(side) : g.op("Where", [isView, g.whole(size), g.whole(side)]);
  const of = (length: string) => g.op("Div", [g.op("Mul", [wanted, length]), short]);
  return { height: of(height), width: of(width) };
}

/** What resamples an axis of `inputs` pixels to `outputs` and cuts the middle: high and low halves of weights, [inputs, size]. */
function weights(g: Emitter, inputs: string, outputs: string, { size, interpolation }: ViewSettings) {
  const real = (value: string) => g.op("Cast", [value], { to: elementType.float64 });
  const [half, one] = [g.double(0.5), g.double(1)];
  const scale = g.op("Div", [real(inputs), real(outputs)]);
  const shrink = g.op("Div", [one, g.op("Max", [scale, one])]);
  const outs = g.op("Add", [g.constant("int64", [1, size], bigs(size)), firstOf(g, outputs, size)]);
  const centres = g.op("Mul", [g.op("Add", [real(outs), half]), scale]);
  const ins = g.op("Unsqueeze", [real(g.op("Range", [g.whole(0), inputs, g.whole(1)])), g.wholes([1])]);
  const distances = g.op("Mul", [g.op("Add", [g.op("Sub", [ins, centres]), half]), shrink]);
  const shares = filters[interpolation](g, g.op("Abs", [distances]));
  const total = g.op("ReduceSum", [shares, g.wholes([0])], { keepdims: 1 });
  const exact = g.op("Mul", [g.op("Div", [shares, total]), g.double(2 ** 22)]);
  // Rounded half away from zero; where the cut leaves the image, nothing.
  const rounded = g.op("Mul", [g.op("Sign", [exact]), g.op("Floor", [g.op("Add", [g.op("Abs", [exact]), half])])]);
  const isInside = g.op("And", [g.op("GreaterOrEqual", [outs, g.whole(0)]), g.op("Less", [outs, outputs])]);
  const whole = g.op("Where", [isInside, rounded, g.double(0)]);
  const high = g.op("Floor", [g.op("Add", [g.op("Div", [whole, g.double(2 ** 11)]), half])]);
  const low = g.op("Sub", [whole, g.op("Mul", [high, g.double(2 ** 11)])]);
  return [high, low].map((part) => g.op("Cast", [part], { to: elementType.float32 }));
}

/** Where the middle begins: half of what is too much, to even; of what is missing, half rounded down, before it. */
function firstOf(g: Emitter, outputs: string, size: number): string {
  const more = g.op("Sub", [outputs, g.whole(size)]);
  const two = g.whole(2);
  const low = g.op("Div", [more, two]); // toward zero: for what is missing as wanted
  const isOdd = g.op("Sub", [more, g.op("Mul", [low, two])]);
  const isLowOdd = g.op("Sub", [low, g.op("Mul", [g.op("Div", [low, two]), two])]);
  const toEven = g.op("Add", [low, g.op("Mul", [isOdd, isLowOdd])]);
  return g.op("Where", [g.op("Less", [more, g.whole(0)]), low, toEven]);
}

const filters = {
  /** max(0, 1 − x) */
  bilinear: (g: Emitter, x: string) => g.op("Max", [g.op("Sub", [g.double(1), x]), g.double(0)]),
  /** Keys's with a = −0.5. */
  bicubic: (g: Emitter, x: string) => {
    const times = (a: string, b: string) => g.op("Mul", [a, b]);
    const plus = (a: string, b: number) => g.op("Add", [a, g.double(b)]);
    // (1.5x − 2.5)x² + 1 below 1, −0.5(((x − 5)x + 8)x − 4) below 2.
    const near = plus(times(times(plus(times(x, g.double(1.5)), -2.5), x), x), 1);
    const far = times(plus(times(plus(times(plus(x, -5), x), 8), x), -4), g.double(-0.5));
    const outer = g.op("Where", [g.op("Less", [x, g.double(2)]), far, g.double(0)]);
    return g.op("Where", [g.op("Less", [x, g.double(1)]), near, outer]);
  },
} as const;

/** Sums of 8-bit pixels by weights along the last axis, rounded to 8 bits: (Σ + 2²¹) >> 22, held within 0 and 255. */
function product(g: Emitter, pixels: string, [high, low]: readonly string[]): string {
  const sums = [high, low].map((part) => g.op("Cast", [g.op("MatMul", [pixels, part])], { to: elementType.int32 }));
  const int = (value: number) => g.constant("int32", [], Int32Array.of(value));
  const sum = g.op("Add", [g.op("Add", [g.op("Mul", [sums[0], int(2 ** 11)]), sums[1]]), int(2 ** 21)]);
  // Toward zero, which is down but for sums below zero: those are held at it.
  const levels = g.op("Cast", [g.op("Div", [sum, int(2 ** 22)])], { to: elementType.float32 });
  return g.op("Clip", [levels, g.number(0), g.number(255)]);
}

const elementType = { float32: 1, int32: 6, float64: 11 } as const;

const bigs = (count: number): BigInt64Array => BigInt64Array.from({ length: count }, (_, i) => BigInt(i));

/** Nodes and constants as they are made, named in order. */
class Emitter {
  readonly nodes: NodeContent[] = [];
  readonly constants: TensorContent[] = [];
  private readonly known = new Map<string, string>();

  op(op: string, inputs: readonly string[], attributes: NodeContent["attributes"] = {}, output?: string): string {
    const name = `view/${op}_${this.nodes.length}`;
    this.nodes.push({ name, op, domain: "", inputs, outputs: [output ?? name], attributes });
    return output ?? name;
  }

  constant(dtype: TensorContent["dtype"], shape: readonly number[], data: TensorContent["data"]): string {
    const key = `${dtype}[${shape}]${data.join()}`;
    const name = this.known.get(key) ?? `view/constant_${this.constants.length}`;
    if (!this.known.has(key)) this.constants.push({ name, dtype, shape, data });
    this.known.set(key, name);
    return name;
  }

  number = (value: number): string => this.constant("float32", [], Float32Array.of(value));
  double = (value: number): string => this.constant("float64", [], Float64Array.of(value));
  whole = (value: number): string => this.constant("int64", [], BigInt64Array.of(BigInt(value)));
  wholes = (values: readonly number[]): string =>
    this.constant("int64", [values.length], BigInt64Array.from(values.map(BigInt)));
}
