/**
 * Brightness, contrast, saturation and luma as Pillow computes them: blend(base, image, factor) =
 * clamp(base + factor · (image - base)) in float32, truncated to 8 bits. All work in place on interleaved pixels.
 */
import { kernels } from "./kernels.js";

/** Blend with black: a factor of 0 gives black, 1 the image. */
export function brightness(data: number, length: number, factor: number): void {
  kernels.blendWith(data, length, 0, factor);
}

/** Blend with the image's mean luma, rounded to one 8-bit level. */
export function contrast(data: number, pixels: number, channels: number, factor: number): void {
  const sum = channels === 1 ? kernels.greyLevels(data, pixels) : kernels.lumaLevels(data, pixels);
  kernels.blendWith(data, pixels * channels, Math.trunc(sum / pixels + 0.5), factor);
}
