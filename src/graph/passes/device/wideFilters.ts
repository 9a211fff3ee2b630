/**
 * Convolutions by filters larger than what they give, as gradients of filters are: WebGPU turns such filters and sums along them
 * serially (256 channels of 14² and 64 images, H100: 4.0 ms, and 1.2 in groups).
 */
import { elements } from "../../../array.js";
import { transpose } from "../../apply.js";
import { attributesOf, windowOf } from "../../ops/index.js";
import { isStatic } from "../../shapes.js";
import type { Value } from "../../value.js";
import { grouped, imagesFirst } from "../expand/deviceFilters.js";
import { unswapped } from "./filters.js";
import type { Met } from "./replacement.js";

export function hasWideFilters({ inputs: [x, w, bias], attributes, outputs: [y] }: Met): boolean {
  if (bias || x.shape.length !== 4 || attributesOf("Conv", attributes).group !== 1) return false;
  if (![x, w, y].every((v) => isStatic(v.shape) && v.dtype === "float32")) return false;
  const [taps, places] = [w, y].map((v) => elements(v.shape.slice(2) as number[]));
  return taps >= 16 && taps > places;
}

/** `v` with its first two axes swapped; what was swapped before as it was. */
const swapped = (v: Value): Value => unswapped(v) ?? transpose(v, imagesFirst);

/** The same as a product in groups: y is the gradient of filters for images that are x's channels. */
export function asProducts({ inputs: [x, w], attributes, outputs: [y] }: Met): readonly Value[] {
  const kernel = y.shape.slice(2) as number[];
  const { strides, dilations, pads } = windowOf(attributes, w.shape.slice(2) as number[]);
  const gradient = grouped(swapped(x), swapped(w), { kernel, strides: dilations, dilations: strides, pads });
  return [transpose(gradient, imagesFirst)];
}
