/**
 * Pillow's antialiased resampling of a box of an 8-bit image: along x, rounded to 8 bits, then along y. A pass that changes
 * nothing is skipped. Only the rows and columns that the wanted window of the result needs are computed.
 */

import { growing, kernels, memory, placed } from "./kernels.js";
import { type Interpolation, type Taps, tapsOf } from "./taps.js";

/** A rectangle of an image, in pixels. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

const between = growing();
const tables = growing();

/**
 * Resamples `box` of `source` to `height` by `width` and writes the `window` of that to `target`.
 *
 * @param source - `[.., sourceWidth, channels]`, rows from the first
 * @param target - `[window.height, window.width, channels]`, not `source`
 */
export function resample(
  source: number,
  sourceWidth: number,
  channels: number,
  box: Box,
  height: number,
  width: number,
  interpolation: Interpolation,
  window: Box,
  target: number,
): void {
  const across = box.width === width ? null : tapsOf(box.width, width, interpolation);
  const down = box.height === height ? null : tapsOf(box.height, height, interpolation);
  // Rows of the box that the window needs.
  const firstRow = down ? down.starts[window.top] : window.top;
  const last = window.top + window.height - 1;
  const endRow = down ? down.starts[last] + down.width : last + 1;
  const rows = endRow - firstRow;
  const stride = sourceWidth * channels;
  const corner = source + (box.top + firstRow) * stride + box.left * channels;
  if (!down) {
    if (across) alongX(corner, stride, across, window, rows, channels, target);
    else copyRows(corner + window.left * channels, stride, rows, window.width * channels, target);
  } else if (!across) {
    alongY(corner + window.left * channels, stride, firstRow, down, window, channels, target);
  } else {
    const middle = between(rows * window.width * channels);
    alongX(corner, stride, across, window, rows, channels, middle);
    alongY(middle, window.width * channels, firstRow, down, window, channels, target);
  }
}

/** Copies `rows` rows of `length` bytes. */
function copyRows(source: number, stride: number, rows: number, length: number, target: number): void {
  for (let y = 0; y < rows; y++) {
    const start = source + y * stride;
    memory().copyWithin(target + y * length, start, start + length);
  }
}

function alongX(
  source: number,
  stride: number,
  taps: Taps,
  { left, width }: Box,
  rows: number,
  channels: number,
  target: number,
): void {
  if (channels === 3) {
    const [starts, pairs] = placed(tables, taps.starts, taps.pairs);
    kernels.coloursAlongX(source, stride, starts, pairs, (taps.width + 1) >> 1, left, width, rows, target);
  } else {
    const [starts, weights] = placed(tables, taps.starts, taps.weights);
    kernels.greysAlongX(source, stride, starts, weights, taps.width, left, width, rows, target);
  }
}

/** Along y; `source` is row `firstRow` of the box. */
function alongY(
  source: number,
  stride: number,
  firstRow: number,
  taps: Taps,
  { top, height, width }: Box,
  channels: number,
  target: number,
): void {
  const [starts, pairs] = placed(tables, taps.starts, taps.pairs);
  kernels.alongY(source, stride, firstRow, starts, pairs, taps.width, top, height, width * channels, target);
}
