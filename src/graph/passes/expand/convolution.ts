/**
 * The gradients of y = conv(x, w) in standard ops. What is fastest depends on the sizes (measured on ONNX Runtime's CPU
 * provider): products of columns for dw, a convolution or a transposed one for dx.
 */
import {
  apply,
  type ConvAttributes,
  concat,
  conv,
  gather,
  gemm,
  matMul,
  pad,
  reshape,
  slice,
  sum,
  transpose,
} from "../../apply.js";
import { spatialSizes } from "../../axes.js";
import { attributesOf, windowOf } from "../../ops/index.js";
import { count, sizes } from "../../shapes.js";
import { type Attributes, ints, type Value } from "../../value.js";
import type { Expansion } from "./expansion.js";

export const listOf = (a: Attributes, name: string) => a[name] as readonly number[];
const spatialOf = (x: Value): readonly number[] => spatialSizes("expand", x);
const product = (dimensions: readonly number[]) => dimensions.reduce((p, d) => p * d, 1);
const groupOf = (a: Attributes): number => attributesOf("Conv", a).group;

/** Whether dx at stride 1 is better a convolution by turned filters than a transposed one. */
type Turns = (dy: Value, w: Value) => boolean;

/**
 * dx. Stride 1, one group: the convolution of dy with w, its taps reversed and its channels swapped, padded by what a window
 * reaches beyond the image. Else `ConvTranspose`.
 */
const gradInput =
  (turns: Turns, turn = reversedFilters): Expansion =>
  ([dy, w], a) => {
    const kernel = spatialOf(w);
    const { strides, pads, dilations } = windowOf(a, kernel);
    const group = groupOf(a);
    const input = listOf(a, "input");
    const out = spatialOf(dy);
    const reach = kernel.map((k, i) => dilations[i] * (k - 1));
    const before = reach.map((r, i) => r - pads[i]);
    const after = input.map((d, i) => d - out[i] - before[i] + reach[i]);
    if (group === 1 && strides.every((s) => s === 1) && [...before, ...after].every((p) => p >= 0) && turns(dy, w)) {
      const window: ConvAttributes = { pads: [...before, ...after], dilations };
      return [conv(dy, turn(w, kernel), window)];
    }
    // input = stride·(out − 1) + output_padding + reach + 1 − pads
    const left = input.map((d, i) => d - (strides[i] * (out[i] - 1) + reach[i] + 1 - pads[i] - pads[i + input.length]));
    const ends = left.map((extra, i) => pads[i + input.length] + Math.max(0, -extra));
    const attributes = {
      strides,
      dilations,
      group,
      pads: [...pads.slice(0, input.length), ...ends],
      output_padding: left.map((e) => Math.max(0, e)),
    };
    return [apply("ConvTranspose", [dy, w], attributes)];
  };

/** On the CPU turning costs more than it gains where filters are larger than images. */
export const convGradInput = gradInput(
  (dy, w) => (count(dy.shape) ?? Number.POSITIVE_INFINITY) >= (count(w.shape) as number),
);
export const turnedConvGradInput = gradInput(() => true);
/** In fewer nodes, as devices like it. */
export const deviceConvGradInput = gradInput(() => true, turnedFilters);

/** w [O,I,k…] → [I,O,k…] with the order of the taps reversed. */
function reversedFilters(w: Value, kernel: readonly number[]): Value {
  const [o, i] = sizes("expand", w);
  const taps = product(kernel);
  const swapped = transpose(reshape(w, [o, i, taps]), [1, 0, 2]);
  const backwards = ints(Array.from({ length: taps }, (_, t) => taps - 1 - t));
  return reshape(taps === 1 ? swapped : gather(swapped, backwards, 2), [i, o, ...kernel]);
}

/** The same in two nodes: its taps from the last one backwards along all axes. */
function turnedFilters(w: Value, kernel: readonly number[]): Value {
  const swapped = transpose(w, [1, 0, ...kernel.map((_, i) => i + 2)]);
  const axes = kernel.flatMap((k, i) => (k > 1 ? [i] : []));
  if (axes.length === 0) return swapped;
  const vector = (of: (axis: number) => number) => ints(axes.map(of));
  const ends = vector(() => -(2 ** 31));
  return apply("Slice", [swapped, vector((i) => kernel[i] - 1), ends, vector((i) => i + 2), vector(() => -1)]);
}

/** All offsets of a window, last axis fastest. */
export function taps(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (all, k) => all.flatMap((t) => Array.from({ length: k }, (_, i) => [...t, i])),
    [[]],
  );
}

/** Padding of the spatial axes, the first of which is `first`, with none for the other axes of an image. */
export const around = (spatial: readonly number[], first: number): number[] => [
  ...Array<number>(first).fill(0),
  ...spatial,
  ...Array<number>(2 - first).fill(0),
];

/** How far `out` windows reach beyond an image's end, by spatial axis. */
export const endPads = (
  input: readonly number[],
  out: readonly number[],
  { kernel, strides, pads, dilations }: ReturnType<typeof windowOf>,
): readonly number[] =>
  out.map((o, i) => Math.max(0, (o - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - input[i] - pads[i]));

/**
 * For each tap, the elements of x that it meets: as x, but `out` long in space. x is padded with `fill` where windows reach
 * beyond it.
 *
 * @param first - x's first spatial axis: 2 for [N,C,…], 1 for [N,…,C]
 */
export function windows(
  x: Value,
  a: Attributes,
  kernel: readonly number[],
  out: readonly number[],
  { fill = 0, first = 2 } = {},
): Value[] {
  const { strides, pads, dilations } = windowOf(a, kernel);
  const rank = kernel.length;
  const input = sizes("expand", { ...x, shape: x.shape.slice(first, first + rank) });
  const ends = endPads(input, out, windowOf(a, kernel));
  const padded = pad(x, [...around(pads.slice(0, rank), first), ...around(ends, first)], fill);
  const starts = taps(kernel).map((tap) => tap.map((t, i) => t * dilations[i]));
  const phases = new Set(starts.map((from) => String(from.map((f, i) => f % strides[i]))));
  if (phases.size === starts.length) return starts.map((from) => cut(padded, from, out, strides, first));
  // Taps of one phase share the strided copy, which is slow, and differ by a shift of it.
  const one = strides.map(() => 1);
  return starts.map((from) => {
    const phase = from.map((f, i) => f % strides[i]);
    const size = phase.map((r, i) => Math.ceil(((padded.shape[i + first] as number) - r) / strides[i]));
    const shift = from.map((f, i) => Math.floor(f / strides[i]));
    return cut(cut(padded, phase, size, strides, first), shift, out, one, first);
  });
}

/** `size` elements from `from` in steps along x's spatial axes: in one op, for a slice for each axis would copy twice. */
export function cut(
  x: Value,
  from: readonly number[],
  size: readonly number[],
  steps: readonly number[],
  first: number,
): Value {
  const to = from.map((f, i) => f + (size[i] - 1) * steps[i] + 1);
  const axes = from.flatMap((f, i) => (f === 0 && to[i] === x.shape[i + first] && steps[i] === 1 ? [] : [i]));
  if (axes.length === 0) return x;
  const vector = (of: (axis: number) => number) => ints(axes.map(of));
  const bounds = [vector((i) => from[i]), vector((i) => to[i]), vector((i) => i + first), vector((i) => steps[i])];
  return apply("Slice", [x, ...bounds]);
}

/** With so many channels a product for each tap beats copying the taps into one matrix; with fewer it is too thin. */
const isFew = (channels: number): boolean => channels >= 16 && channels <= 32;

/** dw: the product of dy with the columns that every tap meets, over all positions of all images. */
export const convGradWeight: Expansion = ([x, dy], a) => {
  const byImage = groupOf(a) > 1 || dy.shape.length !== 4 || isFew(x.shape[1] as number);
  return [byImage ? imageByImage(x, dy, a) : allImages(x, dy, a)];
};

/**
 * [O, P]·[taps·I, P]ᵀ over the positions P of all images, in the order of the filters' memory. Positions are rows, images,
 * columns: so the taps of a row of the kernel are slices, and those of its other rows whole runs of N·columns further on.
 */
function allImages(x: Value, dy: Value, a: Attributes): Value {
  const kernel = listOf(a, "kernel");
  const { strides, pads, dilations } = windowOf(a, kernel);
  const [rows, columns] = spatialOf(dy);
  const ends = endPads(spatialOf(x), [rows, columns], windowOf(a, kernel));
  const [channels, filters] = [x.shape[1] as number, dy.shape[1] as number];
  const rowsFirst = [1, 2, 0, 3]; // [C, H, N, W]
  const padded = pad(transpose(x, rowsFirst), [0, pads[0], 0, pads[1], 0, ends[0], 0, ends[1]]);
  const height = padded.shape[1] as number;
  const shifted = Array.from({ length: kernel[1] }, (_, t) => {
    const from = t * dilations[1];
    const cut = slice(padded, 3, from, from + (columns - 1) * strides[1] + 1, strides[1]);
    return reshape(cut, [channels, height, -1]);
  });
  const met = taps(kernel).flatMap(([row, column]) =>
    Array.from({ length: rows }, (_, r) => column * height + r * strides[0] + row * dilations[0]),
  );
  const right = reshape(gather(concat(shifted, 1), ints(met), 1), [channels * product(kernel), -1]);
  const left = reshape(transpose(dy, rowsFirst), [filters, -1]);
  return reshape(gemm(left, right, null, { transB: true }), [filters, channels, ...kernel]);
}

/** [N,O,P]·[N,P,taps·I], summed over the images; with few channels a product for each tap. */
function imageByImage(x: Value, dy: Value, a: Attributes): Value {
  const kernel = listOf(a, "kernel");
  const group = groupOf(a);
  const [positions, filters] = [product(spatialOf(dy)), (dy.shape[1] as number) / group];
  const channels = (x.shape[1] as number) / group;
  const left = reshape(dy, [-1, group, filters, positions]);
  const parts = windows(x, a, kernel, spatialOf(dy)).map((v) => reshape(v, [-1, group, channels, positions]));
  const columns = isFew(channels) ? parts : [concat(parts, 2)]; // [N, group, taps·channels, positions]
  const products = columns.map((c) => sum(matMul(left, transpose(c, [0, 1, 3, 2])), [0])); // [group, filters, taps·channels]
  const total = reshape(concat(products, 2), [group * filters, parts.length, channels]);
  return reshape(transpose(total, [0, 2, 1]), [group * filters, channels, ...kernel]);
}
