/**
 * Pillow's Gaussian blur: three box blurs along x, then three along y, each rounded to 8 bits, edges repeated. The box has a
 * fractional radius: weight `inner` (of 2²⁴) for the pixels within n, `outer` for the two beyond.
 */
import { said, UsageError } from "../../errors.js";
import { growing, kernels } from "./kernels.js";

interface BoxBlur {
  readonly radius: number;
  readonly inner: number;
  readonly outer: number;
}

/** 257 bytes sum to no more than 16 bits hold. */
const largestRadius = 128;
const buffer = growing();
const rows = growing();

/** Blurs in place an image `[height, width, channels]`. A {@link UsageError} if σ is above about 128. */
export function gaussianBlur(data: number, height: number, width: number, channels: number, sigma: number): void {
  const { radius, inner, outer } = boxOf(sigma);
  if (radius > largestRadius) {
    throw new UsageError(
      "wrong-value",
      said`a blur of σ ${sigma} pixels is too wide: lower the recipe's ${{ field: "views.blur.sigma" }} to 128 or less`,
    );
  }
  const stride = width * channels;
  const between = buffer(height * stride);
  const pointers = 4 * (2 * radius + 3);
  const list = rows(2 * (pointers + stride + 2 * (radius + 1) * channels + 64));
  kernels.blurRows(data, between, height, width, channels, radius, inner, outer, list);
  kernels.blurColumns(between, data, height, stride, radius, inner, outer, list);
  kernels.blurColumns(data, between, height, stride, radius, inner, outer, list);
  kernels.blurColumns(between, data, height, stride, radius, inner, outer, list);
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
