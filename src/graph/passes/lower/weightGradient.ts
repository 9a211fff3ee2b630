/**
 * dw of y = conv(x, w) on blocked memory: one convolution with the roles swapped, in which channels are the batch, images the
 * channels, dy the filters and the stride the dilation:
 *
 *     dw[o, i, t] = Σ_n Σ_p dy[n, o, p] · x[n, i, p·stride + t]
 *
 * x is padded beforehand: padding inside the kernel leaves its vector path. One tap and few pixels: one product of matrices of
 * pixels. `npm run bench -- --choices` times the forms.
 */
import { gemm, mul, pad, reshape, slice, transpose } from "../../apply.js";
import { attributesOf, windowOf } from "../../ops/index.js";
import { isStatic } from "../../shapes.js";
import type { Value } from "../../value.js";
import { scaleFilters } from "./filters.js";
import type { Rule } from "./forms.js";
import { convolve, imageOf, toBlocked, toChannelsLast, toPlain, view } from "./kernels.js";

/** From so many pixels on, one tap is faster by lanes: an image as a filter is then long enough. */
const manyPixels = 128;

export const convGradWeight: Rule = (node, lowering) => {
  const [x, dy] = node.inputs as readonly Value[];
  const kernel = node.attributes.kernel as readonly number[];
  const { strides, pads, dilations } = windowOf(node.attributes, kernel);
  if (!lowering.fits(dy) || !isStatic(x.shape) || kernel.length !== 2) return null;
  if (attributesOf("ConvGradWeight", node.attributes).group !== 1 || String(dilations) !== "1,1") return null;
  const { value, by } = lowering.scaled(dy);
  const taps = { kernel, strides, pads };
  const single = kernel[0] * kernel[1] === 1;
  if (single && (!lowering.fits(x) || pads.some((p) => p !== 0))) return null;
  const [, , ho, wo] = imageOf(dy);
  if (lowering.fits(x) && !(single && ho * wo < manyPixels))
    return [{ packed: scaleFilters(swappedLanes(lowering.blocked(x), value, taps, lowering.block), by) }];
  const raw = single
    ? pixelProduct(lowering.blocked(x), value, strides)
    : swappedRoles(lowering.plain(x), value, taps, lowering.block);
  return [{ plain: by ? mul(raw, reshape(by, [imageOf(dy)[1], 1, 1, 1])) : raw }];
};

/** dyᵀ·x over all pixels: [O, I, 1, 1]. */
export function pixelProduct(x: Value, dy: Value, strides: readonly number[]): Value {
  const [n, o, ho, wo] = imageOf(dy);
  const i = imageOf(x)[1];
  const taken = strides.reduce(
    (v, s, axis) => (s === 1 ? v : slice(v, axis + 1, 0, v.shape[axis + 1] as number, s)),
    toChannelsLast(x),
  );
  const product = gemm(view(toChannelsLast(dy), [n * ho * wo, o]), view(taken, [n * ho * wo, i]), null, {
    transA: true,
  });
  return reshape(product, [o, i, 1, 1]);
}

export interface Taps {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
}

/**
 * The lanes of a block of channels stand side by side in blocked memory, so a row of it is a wide row of pixels, b for each of
 * its own. Along such rows, dilated by b, one convolution meets b channels at once, and a filter that was read from memory
 * serves k·b outputs.
 *
 * @returns packed filters
 */
export function swappedLanes(x: Value, dy: Value, { kernel, strides, pads }: Taps, b: number): Value {
  const [n, i, h, w] = imageOf(x);
  const [, o, ho, wo] = imageOf(dy);
  const images = n < b ? n : Math.ceil(n / b) * b;
  const ends = [h, w].map((d, a) => ([ho, wo][a] - 1) * strides[a] + kernel[a] - d - pads[a]);
  const [rows, columns] = [h + pads[0] + ends[0], (w + pads[1] + ends[1]) * b];
  const wide = view(x, [n, i / b, h, w * b]);
  const padded = pad(wide, [0, 0, pads[0], pads[1] * b, images - n, 0, ends[0], ends[1] * b]);
  const whole = pad(dy, [0, 0, 0, 0, images - n, 0, 0, 0]);
  const attributes = { strides: [1, 1], dilations: [strides[0], strides[1] * b], pads: [0, 0, 0, 0] };
  const out = [i / b, o, kernel[0], kernel[1] * b];
  const image = [i / b, images, rows, columns];
  const product =
    n < b
      ? convolve(
          view(transpose(padded, [1, 0, 2, 3]), image),
          rowsFirst(whole, [n, o / b, ho * wo, b]),
          attributes,
          out,
        )
      : convolve(
          imagesBlocked(padded, image, b),
          blocksFirst(whole, [images / b, b, o / b, ho * wo, b]),
          attributes,
          out,
        );
  // [I/b, O/b, k²·b(i)·b(o)]
  return view(transpose(view(product, [i / b, o / b, kernel[0] * kernel[1] * b * b]), [1, 0, 2]), [o, i, ...kernel]);
}

/** Images as blocked channels: memory [N, I/b, P] → [I/b, N/b, P, b(n)]. */
function imagesBlocked(x: Value, [lanes, n, h, w]: readonly number[], b: number): Value {
  const blocked = toBlocked(view(x, [n / b, b, lanes * h * w, 1]));
  return view(transpose(view(blocked, [n / b, lanes, h * w * b]), [1, 0, 2]), [lanes, n, h, w]);
}

/** Of images with fewer channels than a block, as pixels are: each channel is an image of the batch. */
export function swappedRoles(x: Value, dy: Value, { kernel, strides, pads }: Taps, b: number): Value {
  const [n, i, h, w] = imageOf(x);
  const [, o, ho, wo] = imageOf(dy);
  // Fewer images than a block are read plain, as a stem reads its few channels; else whole blocks of them are needed.
  const images = n < b ? n : Math.ceil(n / b) * b;
  // What the taps reach: negative where the last rows meet none.
  const ends = [h, w].map((d, a) => ([ho, wo][a] - 1) * strides[a] + kernel[a] - d - pads[a]);
  const swapped = transpose(x, [1, 0, 2, 3]); // [I, N, H, W]
  const padded = pad(swapped, [0, 0, pads[0], pads[1], 0, images - n, ends[0], ends[1]]);
  const whole = pad(dy, [0, 0, 0, 0, images - n, 0, 0, 0]);
  const attributes = { strides: [1, 1], dilations: strides, pads: [0, 0, 0, 0] };
  const out = [i, o, kernel[0], kernel[1]];
  const product =
    n < b
      ? convolve(padded, rowsFirst(whole, [n, o / b, ho * wo, b]), attributes, out)
      : convolve(toBlocked(padded), blocksFirst(whole, [images / b, b, o / b, ho * wo, b]), attributes, out);
  return plainFilters(product, b);
}

/** Memory [I, O/b, k², b] → filters [O, I, k, k] in plain memory. The first move keeps long runs, which is what is fast. */
function plainFilters(product: Value, b: number): Value {
  const [i, o, kh, kw] = imageOf(product);
  const lanes = transpose(view(product, [i, o / b, kh * kw * b]), [1, 0, 2]);
  return reshape(toPlain(view(lanes, [o / b, b, i, kh * kw])), [o, i, kh, kw]);
}

/** dy as filters of plain images: memory [O/b, N, P, b]. */
function rowsFirst(dy: Value, lanes: readonly number[]): Value {
  const [n, o, h, w] = imageOf(dy);
  return view(transpose(view(dy, lanes), [1, 0, 2, 3]), [o, n, h, w]);
}

/** dy as filters of blocked images: memory [O/b, N/b, P, b(n), b(o)]. */
function blocksFirst(dy: Value, lanes: readonly number[]): Value {
  const [n, o, h, w] = imageOf(dy);
  return view(transpose(view(dy, lanes), [2, 0, 3, 1, 4]), [o, n, h, w]);
}
