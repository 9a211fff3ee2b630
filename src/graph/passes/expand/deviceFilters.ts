/**
 * dw of y = conv(x, w) for wide machines. Its sum runs over all positions of all images, its result has few elements: as one
 * product it occupies a few tiles of a device with a hundred multiprocessors. Two forms that do not:
 *
 *   in groups        a product for each group of images, [G, O, p]·[G, p, taps·I] (p: the positions of its images), and one sum
 *                    over groups. What the taps meet are whole rows of channels, picked by a table of places.
 *   as a convolution images convolved by gradients: channels are the batch, images the channels, the stride the dilation. Fewer
 *                    nodes and no columns in memory, but filters as large as dy's maps.
 *
 * With fewer positions than filters the second is as fast on an H100 by CUDA (14² and 256 channels: 0.4 ms against 0.8;
 * 7² and 512: 0.4 against 0.4). By WebGPU it is slow (`device/wideFilters.ts`), and by filters of 112² a card gave no answer in a
 * minute. `npm run bench -- --choices --provider P` times both.
 */
import { elements } from "../../../array.js";
import { conv, gather, gemm, matMul, pad, reshape, sum, transpose } from "../../apply.js";
import { attributesOf, windowOf } from "../../ops/index.js";
import { isStatic } from "../../shapes.js";
import { type Attributes, type Constant, constant, type Value } from "../../value.js";
import { convGradWeight, cut, endPads, listOf, taps } from "./convolution.js";
import type { Expansion } from "./expansion.js";

/** Sides of the tiles in which devices make products, and how many of those keep a wide one busy. */
const tile = 64;
const manyTiles = 512;

/** As few groups of equal size as are wanted, or as many as there are with `least` of `all` in each. */
export function equalGroups(all: number, wanted: number, least = 1): number {
  let groups = 1;
  for (let more = 2; groups < wanted && more * least <= all; more++) if (all % more === 0) groups = more;
  return groups;
}

/** Groups of images: as few as give the device enough tiles. */
export const groupsOf = (images: number, filters: number, columns: number): number =>
  equalGroups(images, manyTiles / (Math.ceil(filters / tile) * Math.ceil(columns / tile)));

/** For each position and tap the place of what it meets in a padded map, for `images` maps one after another. */
export function meetingPlaces(images: number, map: readonly number[], out: readonly number[], a: Attributes): Constant {
  const kernel = listOf(a, "kernel");
  const { strides, dilations } = windowOf(a, kernel);
  const place = (at: readonly number[]) => at.reduce((p, i, axis) => p * map[axis] + i, 0);
  const origins = taps(out).map((at) => place(at.map((i, axis) => i * strides[axis])));
  const shifts = taps(kernel).map((at) => place(at.map((i, axis) => i * dilations[axis])));
  const size = elements(map);
  const places = new Int32Array(images * origins.length * shifts.length);
  let next = 0;
  for (let image = 0; image < images; image++)
    for (const origin of origins) for (const shift of shifts) places[next++] = image * size + origin + shift;
  return constant(places, [next], "int32");
}

/** dw in the first form, by so many groups. */
export function inGroups(x: Value, dy: Value, a: Attributes, groups: number): Value {
  const kernel = listOf(a, "kernel");
  const window = windowOf(a, kernel);
  const [images, channels, ...spatial] = x.shape as readonly number[];
  const [, filters, ...out] = dy.shape as readonly number[];
  const [positions, count] = [elements(out), elements(kernel)];
  const each = images / groups;
  const ends = endPads(spatial, out, window);
  // padded last, so that filters of other sizes share the turned images
  const padded = pad(transpose(x, [0, 2, 3, 1]), [0, ...window.pads.slice(0, 2), 0, 0, ...ends, 0]);
  const map = padded.shape.slice(1, 3) as readonly number[];
  const rows = reshape(padded, [groups, each * elements(map), channels]);
  const isWhole = count === 1 && elements(map) === positions;
  const met = isWhole ? rows : gather(rows, meetingPlaces(each, map, out, a), 1);
  const columns = reshape(met, [groups, each * positions, count * channels]);
  const left = reshape(gradientsOf(dy, groups), [groups, filters, each * positions]);
  const total =
    groups === 1
      ? gemm(reshape(left, [filters, -1]), reshape(columns, [-1, count * channels]))
      : sum(matMul(left, columns), [0]); // [O, taps·I]
  if (count === 1) return reshape(total, [filters, channels, ...kernel]);
  return transpose(reshape(total, [filters, ...kernel, channels]), [0, 3, 1, 2]);
}

/** dy with the filters of a group's images before its images. */
function gradientsOf(dy: Value, groups: number): Value {
  const [images, filters, ...out] = dy.shape as readonly number[];
  if (groups === images) return dy;
  if (groups === 1) return transpose(dy, [1, 0, 2, 3]);
  return transpose(reshape(dy, [groups, images / groups, filters, elements(out)]), [0, 2, 1, 3]);
}

/** The first two axes swapped. */
export const imagesFirst = [1, 0, 2, 3];

/** dw in the second form. */
export function asConvolution(x: Value, dy: Value, a: Attributes): Value {
  const kernel = listOf(a, "kernel");
  const window = windowOf(a, kernel);
  const { strides, pads, dilations } = window;
  const ends = endPads(x.shape.slice(2) as number[], dy.shape.slice(2) as number[], window);
  const whole = conv(transpose(x, imagesFirst), transpose(dy, imagesFirst), {
    strides: dilations,
    dilations: strides,
    pads: [...pads.slice(0, 2), ...ends],
  }); // [I, O, k…], and more where the last rows meet no tap
  return transpose(cut(whole, [0, 0], kernel, [1, 1], 2), imagesFirst);
}

const suits = (x: Value, dy: Value, a: Attributes): boolean =>
  attributesOf("ConvGradWeight", a).group === 1 &&
  dy.shape.length === 4 &&
  isStatic(x.shape) &&
  isStatic(dy.shape) &&
  ![...x.shape, ...dy.shape].includes(0);

/** In as many groups as suit the sizes. */
export function grouped(x: Value, dy: Value, a: Attributes): Value {
  const [images, channels] = x.shape as readonly number[];
  return inGroups(x, dy, a, groupsOf(images, dy.shape[1] as number, channels * elements(listOf(a, "kernel"))));
}

/** dw on devices. */
export const deviceConvGradWeight: Expansion = (inputs, a) => {
  const [x, dy] = inputs;
  if (!suits(x, dy, a)) return convGradWeight(inputs, a);
  const [, filters, ...out] = dy.shape as readonly number[];
  return [elements(out) >= filters ? grouped(x, dy, a) : asConvolution(x, dy, a)];
};

/** The same where convolutions are in float16, in which no sum over images may be. */
export const halfConvGradWeight: Expansion = (inputs, a) => {
  const [x, dy] = inputs;
  return suits(x, dy, a) ? [grouped(x, dy, a)] : convGradWeight(inputs, a);
};
