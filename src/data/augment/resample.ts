/**
 * Pillow's antialiased resampling of a box of an 8-bit image: along x, rounded to 8 bits, then along y. A pass that changes
 * nothing is skipped. Only the rows and columns that the wanted window of the result needs are computed.
 */

import { level } from "./level.js";
import { growing } from "./scratch.js";
import { type Interpolation, type Taps, tapsOf, weightBits } from "./taps.js";

/** A rectangle of an image, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

const between = growing();
const half = 1 << (weightBits - 1);

/**
 * Resamples `box` of `source` to `height` by `width` and writes the `window` of that to `target`.
 *
 * @param source - `[.., sourceWidth, channels]`, rows from the first
 * @param target - `[window.height, window.width, channels]`, not `source`
 */
export function resample(
  source: Uint8Array,
  sourceWidth: number,
  channels: number,
  box: Box,
  height: number,
  width: number,
  interpolation: Interpolation,
  window: Box,
  target: Uint8Array,
): void {
  const across = box.width === width ? null : tapsOf(box.width, width, interpolation);
  const down = box.height === height ? null : tapsOf(box.height, height, interpolation);
  // Rows of the box that the window needs.
  const firstRow = down ? down.starts[window.top] : window.top;
  const last = window.top + window.height - 1;
  const endRow = down ? down.starts[last] + down.width : last + 1;
  const rows = endRow - firstRow;
  const stride = sourceWidth * channels;
  const corner = (box.top + firstRow) * stride + box.left * channels;
  if (!down) {
    if (across) alongX(source, corner, stride, across, window, rows, channels, target);
    else copyRows(source, corner + window.left * channels, stride, rows, window.width * channels, target);
  } else if (!across) {
    alongY(source, corner + window.left * channels, stride, firstRow, down, window, channels, target);
  } else {
    const middle = between(rows * window.width * channels);
    alongX(source, corner, stride, across, window, rows, channels, middle);
    alongY(middle, 0, window.width * channels, firstRow, down, window, channels, target);
  }
}

/** Copies `rows` rows of `length` bytes. */
function copyRows(
  source: Uint8Array,
  from: number,
  stride: number,
  rows: number,
  length: number,
  target: Uint8Array,
): void {
  for (let y = 0; y < rows; y++) {
    const start = from + y * stride;
    target.set(source.subarray(start, start + length), y * length);
  }
}

function alongX(
  source: Uint8Array,
  from: number,
  stride: number,
  taps: Taps,
  window: Box,
  rows: number,
  channels: number,
  target: Uint8Array,
): void {
  if (channels === 3) alongXColour(source, from, stride, taps, window, rows, target);
  else if (taps.width === 2) alongXTwo(source, from, stride, taps, window, rows, target);
  else alongXGrey(source, from, stride, taps, window, rows, target);
}

function alongXTwo(
  source: Uint8Array,
  from: number,
  stride: number,
  taps: Taps,
  window: Box,
  rows: number,
  target: Uint8Array,
): void {
  const { starts, weights } = taps;
  const end = window.left + window.width;
  for (let x = window.left; x < end; x++) {
    const first = weights[2 * x];
    const second = weights[2 * x + 1];
    let at = from + starts[x];
    let to = x - window.left;
    for (let y = 0; y < rows; y++) {
      const sum = (half + Math.imul(source[at], first) + Math.imul(source[at + 1], second)) >> weightBits;
      target[to] = sum;
      at += stride;
      to += window.width;
    }
  }
}

function alongXGrey(
  source: Uint8Array,
  from: number,
  stride: number,
  taps: Taps,
  window: Box,
  rows: number,
  target: Uint8Array,
): void {
  const { width, starts, weights } = taps;
  const end = window.left + window.width;
  let to = 0;
  for (let y = 0; y < rows; y++) {
    const row = from + y * stride;
    for (let x = window.left; x < end; x++) {
      let at = row + starts[x];
      let sum = half;
      const stop = (x + 1) * width;
      for (let k = x * width; k < stop; k++) sum = (sum + Math.imul(source[at++], weights[k])) | 0;
      sum >>= weightBits;
      target[to++] = level(sum);
    }
  }
}

function alongXColour(
  source: Uint8Array,
  from: number,
  stride: number,
  taps: Taps,
  window: Box,
  rows: number,
  target: Uint8Array,
): void {
  const { width, starts, weights } = taps;
  const end = window.left + window.width;
  let to = 0;
  for (let y = 0; y < rows; y++) {
    const row = from + y * stride;
    for (let x = window.left; x < end; x++) {
      let at = row + 3 * starts[x];
      let red = half;
      let green = half;
      let blue = half;
      const stop = (x + 1) * width;
      for (let k = x * width; k < stop; k++) {
        const weight = weights[k];
        red = (red + Math.imul(source[at], weight)) | 0;
        green = (green + Math.imul(source[at + 1], weight)) | 0;
        blue = (blue + Math.imul(source[at + 2], weight)) | 0;
        at += 3;
      }
      red >>= weightBits;
      green >>= weightBits;
      blue >>= weightBits;
      target[to] = level(red);
      target[to + 1] = level(green);
      target[to + 2] = level(blue);
      to += 3;
    }
  }
}

/** Along y; `source[from]` is row `firstRow` of the box. */
function alongY(
  source: Uint8Array,
  from: number,
  stride: number,
  firstRow: number,
  taps: Taps,
  window: Box,
  channels: number,
  target: Uint8Array,
): void {
  const length = window.width * channels;
  const { width, starts, weights } = taps;
  for (let y = 0; y < window.height; y++) {
    const row = y + window.top;
    const start = from + (starts[row] - firstRow) * stride;
    const k = row * width;
    if (width === 2) sumTwo(source, start, stride, weights[k], weights[k + 1], length, target, y * length);
    else if (width === 3)
      sumThree(source, start, stride, weights[k], weights[k + 1], weights[k + 2], length, target, y * length);
    else sumRows(source, start, stride, weights, k, width, length, target, y * length);
  }
}

function sumTwo(
  source: Uint8Array,
  start: number,
  stride: number,
  a: number,
  b: number,
  length: number,
  target: Uint8Array,
  to: number,
): void {
  for (let x = 0; x < length; x++) {
    const at = start + x;
    target[to + x] = (half + Math.imul(source[at], a) + Math.imul(source[at + stride], b)) >> weightBits;
  }
}

function sumThree(
  source: Uint8Array,
  start: number,
  stride: number,
  a: number,
  b: number,
  c: number,
  length: number,
  target: Uint8Array,
  to: number,
): void {
  for (let x = 0; x < length; x++) {
    const at = start + x;
    const sum =
      (half + Math.imul(source[at], a) + Math.imul(source[at + stride], b) + Math.imul(source[at + 2 * stride], c)) >>
      weightBits;
    target[to + x] = level(sum);
  }
}

function sumRows(
  source: Uint8Array,
  start: number,
  stride: number,
  weights: Int32Array,
  firstWeight: number,
  width: number,
  length: number,
  target: Uint8Array,
  to: number,
): void {
  for (let x = 0; x < length; x++) {
    let at = start + x;
    let sum = half;
    for (let k = 0; k < width; k++) {
      sum = (sum + Math.imul(source[at], weights[firstWeight + k])) | 0;
      at += stride;
    }
    sum >>= weightBits;
    target[to + x] = level(sum);
  }
}
