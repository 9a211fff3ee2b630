/**
 * dw of y = conv(x, w) for wide machines. Its sum runs over all positions of all images, its result has few elements: as one
 * product it occupies a few tiles of a device with a hundred multiprocessors. Two forms that do not:
 *
 *   byImages       a product for each image, [N, I·taps, P]·[N, P, O], then one sum over the images. The columns of an image come
 *                  from one convolution by filters that pick a tap each.
 *   asConvolution  images convolved by gradients: channels are the batch, images the channels, the stride the dilation. No columns
 *                  in memory; its filters are as large as dy's maps.
 *
 * `npm run bench -- --choices --provider P` times both beside the one product; `filterForms` says which is taken where.
 */
import { conv, matMul, reshape, slice, sum, transpose } from "../apply.js";
import { windowOf } from "../ops.js";
import { isStatic } from "../shapes.js";
import { type Attributes, constant, type Value } from "../value.js";
import { convGradWeight, cut, listOf } from "./convolution.js";
import type { Expansion } from "./expansion.js";

/** A form of dw from x, dy and the window; null where it does not apply. */
export type FilterForm = (x: Value, dy: Value, a: Attributes) => Value;

const product = (sizes: readonly number[]): number => sizes.reduce((p, d) => p * d, 1);

/** Filters [taps, 1, k…], each of which picks one tap. */
export function tapFilters(kernel: readonly number[]): Value {
  const count = product(kernel);
  const data = Float32Array.from({ length: count * count }, (_, i) => Number(i % (count + 1) === 0));
  return constant(data, [count, 1, ...kernel]);
}

/** What every tap meets: [N, I·taps, P]. */
function columns(x: Value, positions: readonly number[], a: Attributes): Value {
  const [n, i, ...spatial] = x.shape as readonly number[];
  const kernel = listOf(a, "kernel");
  const { strides, pads, dilations } = windowOf(a, kernel);
  const size = [n, i * product(kernel), product(positions)];
  if (product(kernel) === 1 && pads.every((p) => p === 0)) return reshape(cut(x, [0, 0], positions, strides, 2), size);
  return reshape(conv(reshape(x, [n * i, 1, ...spatial]), tapFilters(kernel), { strides, pads, dilations }), size);
}

export const byImages: FilterForm = (x, dy, a) => {
  const kernel = listOf(a, "kernel");
  const [n, o, ...positions] = dy.shape as readonly number[];
  const rows = transpose(reshape(dy, [n, o, product(positions)]), [0, 2, 1]);
  const total = sum(matMul(columns(x, positions, a), rows), [0]); // [I·taps, O]
  return reshape(transpose(total, [1, 0]), [o, x.shape[1] as number, ...kernel]);
};

export const asConvolution: FilterForm = (x, dy, a) => {
  const kernel = listOf(a, "kernel");
  const { strides, pads, dilations } = windowOf(a, kernel);
  const [input, out] = [x, dy].map((v) => v.shape.slice(2) as readonly number[]);
  const ends = kernel.map((k, i) => (out[i] - 1) * strides[i] + (k - 1) * dilations[i] + 1 - input[i] - pads[i]);
  const swapped = [x, dy].map((v) => transpose(v, [1, 0, 2, 3]));
  const window = {
    strides: dilations,
    dilations: strides,
    pads: [...pads.slice(0, 2), ...ends.map((e) => Math.max(0, e))],
  };
  const whole = conv(swapped[0], swapped[1], window); // [I, O, k…], and more where the last rows meet no tap
  const met = kernel.reduce((v, k, axis) => (v.shape[axis + 2] === k ? v : slice(v, axis + 2, 0, k)), whole);
  return transpose(met, [1, 0, 2, 3]);
};

/**
 * Which form for which shape, the first that holds. By images, each image's partial sum [I·taps, O] is written and read once, as
 * its columns [I·taps, P] are; with fewer positions than filters the partial sums would outweigh them, and maps are then small
 * enough to be filters. The rule follows from these sizes; no card has measured it yet.
 */
export const filterForms: readonly {
  readonly name: string;
  readonly form: FilterForm;
  readonly holds: (s: { readonly positions: number; readonly filters: number }) => boolean;
}[] = [
  { name: "by images", form: byImages, holds: ({ positions, filters }) => positions >= filters },
  { name: "as a convolution", form: asConvolution, holds: () => true },
];

const suits = (x: Value, dy: Value, a: Attributes): boolean =>
  ((a.group as number | undefined) ?? 1) === 1 && dy.shape.length === 4 && isStatic(x.shape) && isStatic(dy.shape);

/** dw in the form that `filterForms` gives. */
export const deviceConvGradWeight: Expansion = (inputs, a) => {
  const [x, dy] = inputs;
  if (!suits(x, dy, a)) return convGradWeight(inputs, a);
  const [, filters, ...positions] = dy.shape as readonly number[];
  const sizes = { positions: product(positions), filters };
  return [(filterForms.find(({ holds }) => holds(sizes)) as (typeof filterForms)[number]).form(x, dy, a)];
};

/** The same where convolutions are in float16, in which no sum over images may be: always by images. */
export const halfConvGradWeight: Expansion = (inputs, a) => {
  const [x, dy] = inputs;
  return suits(x, dy, a) ? [byImages(x, dy, a)] : convGradWeight(inputs, a);
};
