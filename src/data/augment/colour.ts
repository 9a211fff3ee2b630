/**
 * Brightness, contrast, saturation and luma as Pillow computes them: blend(base, image, factor) =
 * clamp(base + factor · (image - base)) in float32, truncated to 8 bits. All work in place on interleaved pixels.
 */

import { level } from "./level.js";

/** Coefficients of luma in units of 2⁻¹⁶. */
const [redShare, greenShare, blueShare] = [19595, 38470, 7471];

/** One channel from three: `target[i]` is the luma of pixel i. `target` may be `source`. */
export function luma(source: Uint8Array, pixels: number, target: Uint8Array): void {
  for (let i = 0, at = 0; i < pixels; i++, at += 3) {
    target[i] = (redShare * source[at] + greenShare * source[at + 1] + blueShare * source[at + 2] + 32768) >> 16;
  }
}

/** Blend with black: a factor of 0 gives black, 1 the image. */
export function brightness(data: Uint8Array, length: number, factor: number): void {
  blendWith(data, length, 0, factor);
}

/** Blend with the image's mean luma, rounded to one 8-bit level. */
export function contrast(data: Uint8Array, pixels: number, channels: number, factor: number): void {
  let sum = 0;
  if (channels === 1) {
    for (let i = 0; i < pixels; i++) sum += data[i];
  } else {
    for (let i = 0, at = 0; i < pixels; i++, at += 3) {
      sum += (redShare * data[at] + greenShare * data[at + 1] + blueShare * data[at + 2] + 32768) >> 16;
    }
  }
  blendWith(data, pixels * channels, Math.trunc(sum / pixels + 0.5), factor);
}

/** Blend each pixel of an RGB image with its own luma. */
export function saturation(data: Uint8Array, pixels: number, factor: number): void {
  const alpha = Math.fround(factor);
  for (let i = -255; i <= 255; i++) scaled[i + 255] = alpha * i;
  for (let i = 0, at = 0; i < pixels; i++, at += 3) {
    const red = data[at];
    const green = data[at + 1];
    const blue = data[at + 2];
    const base = (redShare * red + greenShare * green + blueShare * blue + 32768) >> 16;
    const origin = 255 - base;
    const r = Math.fround(base + scaled[origin + red]);
    const g = Math.fround(base + scaled[origin + green]);
    const b = Math.fround(base + scaled[origin + blue]);
    data[at] = level(r);
    data[at + 1] = level(g);
    data[at + 2] = level(b);
  }
}

/** factor · d for the differences d = -255..255. */
const scaled = new Float32Array(511);

/** The blend with one level, for each of the 256 values. */
const blended = new Uint8Array(256);

function blendWith(data: Uint8Array, length: number, base: number, factor: number): void {
  const alpha = Math.fround(factor);
  for (let v = 0; v < 256; v++) {
    const x = Math.fround(base + Math.fround(alpha * (v - base)));
    blended[v] = level(x);
  }
  for (let i = 0; i < length; i++) data[i] = blended[data[i]];
}
