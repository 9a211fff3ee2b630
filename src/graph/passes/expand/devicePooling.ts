/**
 * The gradient of max pooling in a dozen nodes: what every window meets side by side, by a table of places; equal shares of dy for
 * those that are its maximum; and the shares of every element, by a table of where they are, added up.
 */
import { elements } from "../../../array.js";
import { cast, div, equal, gather, mul, pad, reshape, sum } from "../../apply.js";
import { windowOf } from "../../ops/index.js";
import { isStatic } from "../../shapes.js";
import { type Constant, constant, known, type Value } from "../../value.js";
import { around, endPads, listOf } from "./convolution.js";
import { meetingPlaces } from "./deviceFilters.js";
import type { Expansion } from "./expansion.js";
import { lowest, maxPoolGrad } from "./pooling.js";

export const deviceMaxPoolGrad: Expansion = (inputs, a) => {
  const [dy, x, y] = inputs;
  const kernel = listOf(a, "kernel_shape");
  const isPlain = x.shape.length === 4 && isStatic(x.shape) && isStatic(y.shape) && !y.shape.includes(0);
  if (!isPlain || a.ceil_mode) return maxPoolGrad(inputs, a);
  const { pads } = windowOf(a, kernel);
  const [images, channels, ...spatial] = x.shape as readonly number[];
  const out = y.shape.slice(2) as readonly number[];
  const taps = elements(kernel);
  const ends = endPads(spatial, out, windowOf(a, kernel));
  const padded = pad(x, [...around(pads.slice(0, 2), 2), ...around(ends, 2)], lowest);
  const map = padded.shape.slice(2) as readonly number[];
  const places = meetingPlaces(1, map, out, { ...a, kernel });
  const flat = (v: Value) => reshape(v, [images, channels, -1]);
  const perWindow = (v: Value) => reshape(v, [images, channels, ...out, 1]);
  const met = gather(flat(padded), shaped(places, [...out, taps]), 2); // [N, C, out…, taps]
  const hits = cast(equal(met, perWindow(y)), dy.dtype);
  const shares = flat(mul(hits, div(perWindow(dy), sum(hits, [4], true))));
  const { table, most, spare } = sharesOf(known(places) as number[], map, pads, spatial);
  const complete = spare ? pad(shares, [0, 0, 0, 0, 0, 1]) : shares; // a share of zero at the end
  if (most === 1) return [gather(complete, shaped(table, spatial), 2)];
  return [sum(gather(complete, shaped(table, [most, ...spatial]), 2), [2])];
};

/** The same constant in another shape. */
const shaped = ({ source, dtype }: Constant, shape: readonly number[]): Constant => constant(source.data, shape, dtype);

/** Where the shares of each element of an image are: `most` tables one after another, for an element may be in so many windows. */
function sharesOf(
  places: readonly number[],
  map: readonly number[],
  pads: readonly number[],
  spatial: readonly number[],
): { readonly table: Constant; readonly most: number; readonly spare: boolean } {
  const of: number[][] = Array.from({ length: elements(spatial) }, () => []);
  let none = -1;
  for (const [at, place] of places.entries()) {
    const [row, column] = [Math.floor(place / map[1]) - pads[0], (place % map[1]) - pads[1]];
    const isInside = row >= 0 && row < spatial[0] && column >= 0 && column < spatial[1];
    if (isInside) of[row * spatial[1] + column].push(at);
    else none = at; // padding is never a maximum: its share is zero
  }
  const most = Math.max(...of.map((all) => all.length));
  const spare = none < 0 && of.some((all) => all.length < most);
  const zero = spare ? places.length : none;
  const table = Int32Array.from(
    { length: most * of.length },
    (_, i) => of[i % of.length][Math.floor(i / of.length)] ?? zero,
  );
  return { table: constant(table, [table.length], "int32"), most, spare };
}
