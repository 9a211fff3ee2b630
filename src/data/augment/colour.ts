/**
 * Brightness, contrast, saturation and luma as Pillow computes them: blend(base, image, factor) =
 * clamp(base + factor · (image - base)) in float32, truncated to 8 bits. All work in place on interleaved pixels.
 */
import { growing, kernels, placed } from "./kernels.js";

/** Blend with black: a factor of 0 gives black, 1 the image. */
export function brightness(data: number, length: number, factor: number): void {
  blendWith(data, length, 0, factor);
}

/** Blend with the image's mean luma, rounded to one 8-bit level. */
export function contrast(data: number, pixels: number, channels: number, factor: number): void {
  const sum = channels === 1 ? kernels.greyLevels(data, pixels) : kernels.lumaLevels(data, pixels);
  blendWith(data, pixels * channels, Math.trunc(sum / pixels + 0.5), factor);
}

/** The blend with one level, for each of the 256 values. */
const blended = new Uint8ClampedArray(256);
const table = growing();

function blendWith(data: number, length: number, base: number, factor: number): void {
  const alpha = Math.fround(factor);
  for (let v = 0; v < 256; v++) blended[v] = Math.trunc(Math.fround(base + Math.fround(alpha * (v - base))));
  kernels.lookUp(data, length, placed(table, blended)[0]);
}
