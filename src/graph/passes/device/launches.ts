/**
 * Products and convolutions of more workgroups than a device launches along an axis. The provider launches a square of all of them
 * then, rounded up, and does not stop those too many: they write past the result, which lands in its last elements. Parts of fewer
 * workgroups are right. `Gemm` is as it is: its workgroups know no batch, so those too many make something once more.
 */
import { elements } from "../../../array.js";
import { applyAll, concat, matMul, pad, reshape, slice } from "../../apply.js";
import { attributesOf, windowOf } from "../../ops/index.js";
import { reshapeLike } from "../../reshaping.js";
import { isStatic } from "../../shapes.js";
import type { NodeAttributes, Value } from "../../value.js";
import { isProduct } from "./convolution.js";
import type { Met } from "./replacement.js";

/** What WebGPU promises along an axis of a launch, and what devices have. */
const most = 65_535;
/** Rows of the result that a workgroup makes, and columns. */
const tile = 32;

/** An axis of a launch: the axes of the result along it, and how many of their elements a workgroup makes. */
type Along = readonly [axes: readonly number[], each: number];

/** An axis of the result, and the most of it to make at once. */
interface Cut {
  readonly axis: number;
  readonly step: number;
}

/** Sizes that must be known: what is named is left as it is. */
export function launchesTooMany(node: Met): boolean {
  const { op, inputs, outputs } = node;
  if (![...inputs, ...outputs].every((v) => !v || isStatic(v.shape))) return false;
  if (op === "Conv") return cutOfConvolution(node) !== null;
  const [a, b] = matrices(inputs);
  return cutOfProduct(b, matMul(a, b)) !== null;
}

export function inParts({ op, inputs, attributes, outputs: [y] }: Met): readonly Value[] {
  if (op === "Conv") return [convolution(inputs, attributes)];
  const [a, b] = matrices(inputs);
  return [reshapeLike(product(a, b), y)];
}

/** Where to cut a result along the longest axis of a launch that is too long; null if none is. */
function cutOf(shape: readonly number[], launch: readonly Along[]): Cut | null {
  const sizeOf = (axes: readonly number[]) => elements(axes.map((a) => shape[a]));
  const long = launch.find(([axes, each]) => sizeOf(axes) > most * each);
  if (!long) return null;
  const [axes, each] = long;
  const axis = axes.reduce((a, b) => (shape[b] > shape[a] ? b : a));
  return { axis, step: Math.max(1, Math.floor((most * each * shape[axis]) / sizeOf(axes))) };
}

/** A result from its parts, each made by `make`. */
function joined(y: Value, { axis, step }: Cut, make: (from: number, to: number) => Value): Value {
  const size = y.shape[axis] as number;
  const starts = Array.from({ length: Math.ceil(size / step) }, (_, i) => i * step);
  return concat(
    starts.map((from) => make(from, Math.min(from + step, size))),
    axis,
  );
}

/** Both operands of a product as matrices, or batches of them. */
const matrices = ([a, b]: readonly Value[]): readonly [Value, Value] => [
  a.shape.length > 1 ? a : reshape(a, [1, -1]),
  b.shape.length > 1 ? b : reshape(b, [-1, 1]),
];

/** Where to cut the product `y` by `b`: one matrix multiplies the rows of all batches at once. */
function cutOfProduct(b: Value, y: Value): Cut | null {
  const [sizes, shape] = [b.shape, y.shape] as readonly (readonly number[])[];
  if (sizes.slice(-2).every((n) => n < 8)) return null; // another kernel, which counts what it makes
  const columns = shape.length - 1;
  const rows = columns - 1;
  const batches = shape.map((_, i) => i).slice(0, rows);
  const isOne = elements(sizes.slice(0, -2)) === 1;
  const others: readonly Along[] = isOne
    ? [[[...batches, rows], tile]]
    : [
        [[rows], tile],
        [batches, 1],
      ];
  return cutOf(shape, [[[columns], tile], ...others]);
}

function product(a: Value, b: Value): Value {
  const y = matMul(a, b);
  const cut = cutOfProduct(b, y);
  if (!cut) return y;
  const axis = cut.axis - y.shape.length;
  /** An operand's part: all of it where it is broadcast, or has what is summed, along the axis. */
  const part = (v: Value, summed: number, from: number, to: number): Value =>
    axis === summed || (v.shape.at(axis) ?? 1) === 1 ? v : slice(v, axis + v.shape.length, from, to);
  return joined(y, cut, (from, to) => product(part(a, -1, from, to), part(b, -2, from, to)));
}

/**
 * Where to cut a convolution: its rows are an image's pixels, or those of all images where it is a product. Those in groups, and
 * in 3-D, have kernels that count what they make.
 */
function cutOfConvolution(node: Met): Cut | null {
  const shape = node.outputs[0].shape as readonly number[];
  if (shape.length > 4 || attributesOf("Conv", node.attributes).group > 1) return null;
  const pixels = shape.map((_, i) => i).slice(2);
  return cutOf(
    shape,
    isProduct(node)
      ? [[[0, ...pixels], tile]]
      : [
          [pixels, tile],
          [[0], 1],
        ],
  );
}

function convolution(inputs: readonly Value[], attributes: NodeAttributes): Value {
  const outputs = applyAll("Conv", inputs, attributes);
  const cut = cutOfConvolution({ op: "Conv", inputs, attributes, outputs });
  if (!cut) return outputs[0];
  const { axis } = cut;
  const [x, w, ...bias] = inputs;
  if (axis === 0)
    return joined(outputs[0], cut, (from, to) => convolution([slice(x, 0, from, to), w, ...bias], attributes));
  const kernel = w.shape.slice(2) as number[];
  const { strides, dilations, pads } = windowOf(attributes, kernel);
  const padded = pad(x, [0, 0, ...pads.slice(0, kernel.length), 0, 0, ...pads.slice(kernel.length)]);
  const unpadded = { ...attributes, pads: pads.map(() => 0) };
  const [stride, reach] = [strides[axis - 2], dilations[axis - 2] * (kernel[axis - 2] - 1) + 1];
  return joined(outputs[0], cut, (from, to) =>
    convolution([slice(padded, axis, from * stride, (to - 1) * stride + reach), w, ...bias], unpadded),
  );
}
