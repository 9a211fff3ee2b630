/**
 * Pillow's Gaussian blur: three box blurs along x, then three along y, each rounded to 8 bits, edges repeated. The box has a
 * fractional radius: weight `inner` (of 2²⁴) for the pixels within n, `outer` for the two beyond.
 */
import { growing } from "./scratch.js";

interface BoxBlur {
  readonly radius: number;
  readonly inner: number;
  readonly outer: number;
}

const half = 1 << 23;
const first = growing();
const second = growing();

/** Blurs in place an image `[height, width, channels]`. */
export function gaussianBlur(data: Uint8Array, height: number, width: number, channels: number, sigma: number): void {
  const box = boxOf(sigma);
  const length = height * width * channels;
  const a = first(length);
  const b = second(length);
  const stride = width * channels;
  // Along x pixel neighbours are `channels` apart in `height` rows; along y they are `stride` apart.
  alongX(data, a, height, width, channels, box);
  alongX(a, b, height, width, channels, box);
  alongX(b, a, height, width, channels, box);
  alongY(a, b, height, stride, box);
  alongY(b, a, height, stride, box);
  alongY(a, data, height, stride, box);
}

/**
 * The box whose blur, three times over, has variance σ²: with v = σ² / 3 and l the whole part of its radius,
 * r = l + (2l + 1)(l(l + 1) - 3v) / (6(v - (l + 1)²)). Each step is rounded to float32, as Pillow's are: the last bit of the
 * radius decides pixels.
 */
function boxOf(sigma: number): BoxBlur {
  const f = Math.fround;
  const v = f(f(f(sigma) * f(sigma)) / 3);
  const l = Math.floor((f(Math.sqrt(12 * v + 1)) - 1) / 2);
  const above = f((2 * l + 1) * f(l * (l + 1) - f(3 * v)));
  const r = f(l + f(above / f(6 * f(v - (l + 1) ** 2))));
  const radius = Math.trunc(r);
  const inner = Math.trunc(f(2 ** 24 / f(2 * r + 1)));
  return { radius, inner, outer: (2 ** 24 - (2 * radius + 1) * inner) >> 1 };
}

function alongX(
  source: Uint8Array,
  target: Uint8Array,
  height: number,
  width: number,
  channels: number,
  { radius, inner, outer }: BoxBlur,
): void {
  const last = (width - 1) * channels;
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < channels; c++) {
      const row = y * width * channels + c;
      const end = row + last;
      if (radius === 0) {
        let before = source[row];
        let here = before;
        for (let at = row; at < end; at += channels) {
          const after = source[at + channels];
          target[at] = (Math.imul(inner, here) + Math.imul(outer, before + after) + half) >>> 24;
          before = here;
          here = after;
        }
        target[end] = (Math.imul(inner, here) + Math.imul(outer, before + here) + half) >>> 24;
      } else {
        // The sum over |d| ≤ radius, kept as the window moves.
        let sum = 0;
        for (let d = -radius; d <= radius; d++) sum += source[row + clamp(d * channels, last)];
        const reach = (radius + 1) * channels;
        for (let at = 0; at <= last; at += channels) {
          const left = source[row + clamp(at - reach, last)];
          const right = source[row + clamp(at + reach, last)];
          target[row + at] = (Math.imul(inner, sum) + Math.imul(outer, left + right) + half) >>> 24;
          sum += right - source[row + clamp(at - reach + channels, last)];
        }
      }
    }
  }
}

function alongY(
  source: Uint8Array,
  target: Uint8Array,
  height: number,
  stride: number,
  { radius, inner, outer }: BoxBlur,
): void {
  for (let y = 0; y < height; y++) {
    const row = y * stride;
    const above = clamp(y - radius - 1, height - 1) * stride - row;
    const below = clamp(y + radius + 1, height - 1) * stride - row;
    const end = row + stride;
    if (radius === 0) {
      for (let at = row; at < end; at++) {
        target[at] =
          (Math.imul(inner, source[at]) + Math.imul(outer, source[at + above] + source[at + below]) + half) >>> 24;
      }
    } else if (radius === 1) {
      const over = clamp(y - 1, height - 1) * stride - row;
      const under = clamp(y + 1, height - 1) * stride - row;
      for (let at = row; at < end; at++) {
        const sum = source[at + over] + source[at] + source[at + under];
        target[at] = (Math.imul(inner, sum) + Math.imul(outer, source[at + above] + source[at + below]) + half) >>> 24;
      }
    } else {
      for (let at = row; at < end; at++) {
        let sum = 0;
        for (let d = -radius; d <= radius; d++) sum += source[at - row + clamp(y + d, height - 1) * stride];
        target[at] = (Math.imul(inner, sum) + Math.imul(outer, source[at + above] + source[at + below]) + half) >>> 24;
      }
    }
  }
}

function clamp(x: number, last: number): number {
  return Math.max(0, Math.min(x, last));
}
