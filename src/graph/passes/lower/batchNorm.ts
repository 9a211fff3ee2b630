/**
 * Batch normalisation in few passes over blocked memory. With x̄ = x − μ kept from the forward pass:
 *
 *     σ² = Σ x̄² / M            y = γ/σ · x̄ + β            (with a sum and ReLU at no further pass)
 *     dβ = Σ dy    dγ = Σ dy·x̄ / σ    dx = γ/σ · (dy − dγ/(σ M) · x̄ − dβ/M)
 *
 * The mean is subtracted before squares are summed, so the variance is as accurate as in two passes whatever the mean. A sum of
 * products over pixels is a depthwise convolution whose filter is the other image: one read, no write. The factor γ/σ of dx is
 * left to whoever reads it: filters are smaller than images.
 */
import { add, div, mean, mul, neg, reciprocal, sqrt, sum } from "../../apply.js";
import { constant, type Value } from "../../value.js";
import type { Rule } from "./forms.js";
import { affine, convolve, globalMean, imageOf, view } from "./kernels.js";

const ones = (channels: number): Value => constant(new Float32Array(channels).fill(1), [channels]);

/** Σ a·b over images and pixels, by channel: [C]. */
function dot(a: Value, b: Value): Value {
  const [n, c, h, w] = imageOf(a);
  const products = convolve(
    view(a, [1, n * c, h, w]),
    view(b, [n * c, 1, h, w]),
    { group: n * c, strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1] },
    [1, n * c, 1, 1],
  );
  return sum(view(products, [n, c]), [0]);
}

/** Mean over images and pixels, by channel: [C]. */
function channelMean(x: Value): Value {
  const [n, c] = imageOf(x);
  return mean(view(globalMean(x), [n, c]), [0]);
}

const population = (x: Value): number => {
  const [n, , h, w] = imageOf(x);
  return n * h * w;
};

const inverseDeviation = (variance: Value, epsilon: number): Value => reciprocal(sqrt(add(variance, epsilon)));

export const batchNormTrain: Rule = (node, lowering) => {
  const [x, scale, bias] = node.inputs as readonly Value[];
  if (!lowering.fits(x) || !lowering.isBlocked(x)) return null;
  const image = lowering.blocked(x);
  const average = channelMean(image);
  const centred = affine(image, ones(imageOf(x)[1]), { bias: neg(average) });
  const variance = div(dot(centred, centred), population(x));
  const factor = mul(lowering.plain(scale), inverseDeviation(variance, node.attributes.epsilon as number));
  lowering.centred.set(node.outputs[1], centred);
  const shift = lowering.plain(bias);
  const fuse = (tail: { readonly sum?: Value | null; readonly relu?: boolean }) =>
    affine(centred, factor, { ...tail, bias: shift });
  return [{ blocked: fuse({}), fuse }, { plain: average }, { plain: variance }];
};

export const batchNormGrad: Rule = (node, lowering) => {
  const [dy, x, scale, average, variance] = node.inputs as readonly Value[];
  const centred = lowering.centred.get(average);
  if (!centred || !lowering.fits(dy)) return null;
  const cotangent = lowering.blocked(dy);
  const inverse = inverseDeviation(lowering.plain(variance), node.attributes.epsilon as number);
  const samples = population(x);
  const shift = channelMean(cotangent); // dβ / M
  const slope = mul(dot(cotangent, centred), inverse); // dγ
  const direction = affine(centred, mul(mul(slope, inverse), -1 / samples), { bias: neg(shift), sum: cotangent });
  const scaled = { value: direction, by: mul(lowering.plain(scale), inverse) };
  return [{ scaled }, { plain: slope }, { plain: mul(shift, samples) }];
};
