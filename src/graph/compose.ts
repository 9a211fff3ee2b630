/**
 * Functions composed of ops: layers, losses and activations that ONNX has no op for, or one that some providers lack. Their
 * gradients follow from the rules of their parts.
 */

import {
  abs,
  add,
  apply,
  div,
  exp,
  gatherElements,
  log,
  max,
  maximum,
  mean,
  mul,
  neg,
  reciprocal,
  reshape,
  sigmoid,
  softplus,
  sqrt,
  squeeze,
  stopGradient,
  sub,
  sum,
  tanh,
  unsqueeze,
  where,
} from "./apply.js";
import { channelwise } from "./axes.js";
import { attributesOf } from "./ops/index.js";
import { reshapeLike } from "./reshaping.js";
import { fail, isSize } from "./shapes.js";
import type { Value } from "./value.js";

/** Gaussian error linear unit x·Φ(x) (Hendrycks and Gimpel 2016): exact, or by its tanh approximation. */
export function gelu(x: Value, form: "exact" | "tanh" = "exact"): Value {
  if (form === "exact") return apply("ExactGelu", [x]);
  const inner = mul(mul(x, Math.sqrt(2 / Math.PI)), add(mul(mul(x, x), 0.044715), 1)); // √(2/π)·(x + 0.044715 x³)
  return mul(mul(x, 0.5), add(tanh(inner), 1));
}

/** x·σ(x), also called swish. */
export const silu = (x: Value): Value => mul(x, sigmoid(x));

/** x·tanh(softplus(x)) (Misra 2019). */
export const mish = (x: Value): Value => mul(x, tanh(softplus(x)));

/** x / (1 + |x|). */
export const softsign = (x: Value): Value => div(x, add(abs(x), 1));

const seluDefaults = attributesOf("Selu", {});

/** Scaled exponential linear unit (Klambauer et al. 2017). */
export const selu = (x: Value, alpha = seluDefaults.alpha, gamma = seluDefaults.gamma): Value =>
  mul(apply("Elu", [x], { alpha }), gamma);

/** x·clip(x/6 + 1/2, 0, 1) (Howard et al. 2019). */
export const hardSwish = (x: Value): Value => mul(x, apply("HardSigmoid", [x], { alpha: 1 / 6, beta: 0.5 }));

/** `x` scaled to unit length along `axis`; lengths under `floor` count as `floor`, so that zeros stay zeros. */
export function l2Normalize(x: Value, axis = -1, floor = 1e-12): Value {
  const squares = sum(mul(x, x), [axis], true);
  return div(x, sqrt(maximum(squares, floor * floor)));
}

/** (x − mean)/√(variance + ε) over `axes`, the variance biased and taken from the centred values. */
export function standardize(x: Value, axes: readonly number[], epsilon = 1e-5): Value {
  const centred = sub(x, mean(x, axes, true));
  return mul(centred, reciprocal(sqrt(add(mean(mul(centred, centred), axes, true), epsilon))));
}

/** Layer normalisation over the axes from `axis` on (Ba et al. 2016); `scale` and `bias` have their shape. */
export const layerNorm = (
  x: Value,
  scale: Value,
  bias: Value | null = null,
  { axis = -1, epsilon = 1e-5 }: { readonly axis?: number; readonly epsilon?: number } = {},
): Value => apply("LayerNormalization", bias ? [x, scale, bias] : [x, scale], { axis, epsilon });

/** Group normalisation (Wu and He 2018): images [N,C,…] over C/groups channels and all positions; `scale`, `bias` [C]. */
export function groupNorm(x: Value, groups: number, scale: Value, bias: Value, epsilon = 1e-5): Value {
  const channels = x.shape[1];
  if (!isSize(channels ?? "") || (channels as number) % groups !== 0)
    fail("groupNorm", `${channels} channels do not divide into ${groups} groups`, [x, scale, bias]);
  const unit = reshapeLike(standardize(reshape(x, [0, groups, -1]), [2], epsilon), x);
  return add(mul(unit, channelwise(scale, x)), channelwise(bias, x));
}

/** Instance normalisation (Ulyanov et al. 2016): every channel of every image over its positions. */
export const instanceNorm = (x: Value, scale: Value, bias: Value, epsilon = 1e-5): Value =>
  groupNorm(x, x.shape[1] as number, scale, bias, epsilon);

/**
 * Cross entropy −log softmax(logits)[target] in nats, for each row.
 *
 * @param logits - [N, classes]
 * @param targets - [N] int64
 * @returns [N]; take its `mean` for the usual loss
 */
export function crossEntropy(logits: Value, targets: Value): Value {
  if (logits.shape.length !== 2 || targets.shape.length !== 1 || targets.shape[0] !== logits.shape[0])
    fail("crossEntropy", "needs logits [N,classes] and one target for each of the N", [logits, targets]);
  const shifted = sub(logits, stopGradient(max(logits, [1], true))); // no exponential overflows, on any provider
  const picked = squeeze(gatherElements(shifted, unsqueeze(targets, [1]), 1), [1]);
  return sub(log(sum(exp(shifted), [1])), picked);
}

/**
 * Cross entropy in nats among some classes of each row: −log of the share that softmax over them gives to the one that is picked.
 *
 * @param x - [..., classes]
 * @param among - which classes count, bool, of x's shape
 * @param picked - one of those in each row, likewise
 * @returns [..., 1]
 */
export const crossEntropyAmong = (x: Value, among: Value, picked: Value): Value =>
  apply("CrossEntropyAmong", [x, among, picked]);

/** `x` where it counts, elsewhere so little that softmax gives it nothing. */
export const scoresAmong = (x: Value, among: Value): Value => where(among, x, -1e30);

/** −Σ target·log softmax(logits) along the last axis, for targets that are probabilities. */
export function softCrossEntropy(logits: Value, targets: Value): Value {
  const shifted = sub(logits, stopGradient(max(logits, [-1], true)));
  const logProbabilities = sub(shifted, log(sum(exp(shifted), [-1], true)));
  return neg(sum(mul(targets, logProbabilities), [-1]));
}
