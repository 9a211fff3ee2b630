/**
 * Hue shift through Pillow's 8-bit HSV. The forward conversion needs only which channels are largest and smallest and two
 * differences, so hue and saturation come from tables (made at the first use); the way back is arithmetic, table by hue.
 */
import { growing, kernels, memory, placed } from "./kernels.js";

/** Places of the tables of hues and saturations. */
let tables: readonly number[] | null = null;
const buffer = growing();
const turnedBuffer = growing();
const scratch = growing();

/** By sector of the turned hue, how far the largest, the smallest and the other channel are shifted to red, green and blue. */
const shifts = [
  [0, 16, 8],
  [8, 16, 0],
  [8, 0, 16],
  [16, 0, 8],
  [16, 8, 0],
  [0, 8, 16],
] as const;

/** Turns the hue of an RGB image by `factor` of the circle, in place. */
export function hue(data: number, pixels: number, factor: number): void {
  tables ??= placed(buffer, saturationTable(), hueTable());
  const [saturations, hues] = tables;
  const shift = Math.trunc(255 * factor);
  const turned = turnedBuffer(16 * 256);
  const view = new DataView(memory().buffer, turned);
  for (let h = 0; h < 256; h++) {
    const x = (((h + shift) & 255) * 6) / 255;
    const sector = Math.floor(x) % 6;
    const fraction = x - Math.floor(x);
    view.setFloat64(16 * h, sector % 2 === 0 ? 1 - fraction : fraction, true);
    for (const [i, bits] of shifts[sector].entries()) view.setUint8(16 * h + 8 + i, bits);
  }
  kernels.turnHue(data, pixels, hues, saturations, turned, scratch(32));
}

/**
 * Hues by `sector << 16 | (max - min) << 8 | (max - middle)`, two sectors a largest channel: the first where the next of red, green
 * and blue is smallest. With ratio = (max - middle) / (max - min) in float32, Pillow's bc - gc, 2 + rc - bc and 4 + gc - rc have 0 for the largest
 * channel, 1 for the smallest and the ratio for the other.
 */
function hueTable(): Uint8Array {
  const table = new Uint8Array(6 << 16);
  for (let range = 1; range < 256; range++) {
    for (let below = 0; below <= range; below++) {
      const ratio = Math.fround(below / range);
      const angles = [ratio - 1, 1 - ratio, 2 + 1 - ratio, 2 + ratio - 1, 4 + ratio - 1, 4 + 1 - ratio];
      for (const [sector, angle] of angles.entries()) {
        const turns = Math.fround((Math.fround(angle) / 6 + 1) % 1);
        table[(sector << 16) | (range << 8) | below] = Math.trunc(255 * turns);
      }
    }
  }
  return table;
}

/** S / 255 by `max << 8 | (max - min)`, S = trunc(255 · (max - min) / max). */
function saturationTable(): Float64Array {
  const table = new Float64Array(65536);
  for (let largest = 1; largest < 256; largest++) {
    for (let range = 0; range <= largest; range++) {
      table[(largest << 8) | range] = Math.trunc(255 * Math.fround(range / largest)) / 255;
    }
  }
  return table;
}
