/**
 * Small convolutions of one tap at stride 1 as products of all pixels of all images: for a convolution WebGPU turns the filters first, for
 * that of a gradient the graph does too. Both are launches that take longer than they compute.
 */
import { elements } from "../../../array.js";
import { gemm, reshape, transpose } from "../../apply.js";
import { attributesOf, windowOf } from "../../ops/index.js";
import { isStatic } from "../../shapes.js";
import type { Value } from "../../value.js";
import { unswapped } from "./filters.js";
import type { Met } from "./replacement.js";

/** Up to so many multiplications a product takes about as long as a launch, 35 µs on an H100. Larger ones were not measured. */
const launchBound = 5e8;

export function isPointwise({ inputs: [x, w, bias], attributes }: Met): boolean {
  if (bias || x.shape.length !== 4 || attributesOf("Conv", attributes).group !== 1) return false;
  if (![x, w].every((v) => isStatic(v.shape) && !v.shape.includes(0) && v.dtype === "float32")) return false;
  const kernel = w.shape.slice(2) as number[];
  const { strides, pads } = windowOf(attributes, kernel);
  const isOneTap = [...kernel, ...strides].every((n) => n === 1) && pads.every((n) => n === 0);
  return isOneTap && elements(x.shape as number[]) * (w.shape[0] as number) <= launchBound;
}

/** x [N,C,H,W] by w [O,C,1,1] as [N·H·W, C] by [C, O]: channels come last there anyway. */
export function asProduct({ inputs: [x, w] }: Met): readonly Value[] {
  const [images, channels, height, width] = x.shape as readonly number[];
  const filters = w.shape[0] as number;
  const pixels = reshape(transpose(x, [0, 2, 3, 1]), [-1, channels]);
  const turned = unswapped(w); // the gradient of images is by turned filters
  const result = turned
    ? gemm(pixels, reshape(turned, [channels, filters]))
    : gemm(pixels, reshape(w, [filters, channels]), null, { transB: true });
  return [transpose(reshape(result, [images, height, width, filters]), [0, 3, 1, 2])];
}
