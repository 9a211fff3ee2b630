/**
 * Batch normalisation for devices, where a node costs more than what it computes on small tensors: few nodes, and none for
 * vectors of channels. With c = x − μ, its sum of squares s and M elements a channel, σ² + ε = (s + M·ε)/M, so
 * `BatchNormalization` in inference form scales by γ·√M/√(s + M·ε):
 *
 *     y = γ·√M·c/√(s + M·ε) + β        x̂ = √M·c/√(s + M·ε)
 *     dγ/M = mean(dy·x̂)    dβ/M = mean(dy)    dx = γ·√M·(dy − x̂·dγ/M − dβ/M)/√(s + M·ε)
 *
 * The variance comes from the centred values: as accurate as in two passes whatever the mean. Products of γ or a gradient with
 * a number are joined to one node for all layers where these are parts of one vector (`device/`).
 */
import { apply, div, mean, mul, reshape, sub } from "../apply.js";
import { notChannels } from "../axes.js";
import { count, isStatic } from "../shapes.js";
import { constant, ints, type Value } from "../value.js";
import { deviceBatchNormGrad, deviceBatchNormTrain } from "./batchNorm.js";
import type { Expansion } from "./expansion.js";

const filled = (x: Value, value: number): Value => {
  const channels = x.shape[1] as number;
  return constant(new Float32Array(channels).fill(value), [channels]);
};

/** What both directions read: the same nodes, of which the model keeps one each. */
function centredOf(x: Value) {
  const others = notChannels(x);
  const average = mean(x, others, true);
  const centred = sub(x, average);
  const squares = apply("ReduceSumSquare", [centred, ints(others)], { keepdims: 0 });
  return { average, centred, squares, size: count(others.map((i) => x.shape[i])) as number };
}

/** scale·x/√(squares + ε) + bias by channel. */
const scaled = (x: Value, scale: Value, bias: Value, squares: Value, epsilon: number): Value =>
  apply("BatchNormalization", [x, scale, bias, filled(x, 0), squares], { epsilon });

export const fewNodesBatchNormTrain: Expansion = (inputs, a) => {
  const [x, scale, bias] = inputs;
  if (!isStatic(x.shape) || x.dtype !== "float32") return deviceBatchNormTrain(inputs, a);
  const { average, centred, squares, size } = centredOf(x);
  const y = scaled(centred, mul(scale, Math.sqrt(size)), bias, squares, size * (a.epsilon as number));
  return [y, reshape(average, [x.shape[1] as number]), div(squares, size)];
};

export const fewNodesBatchNormGrad: Expansion = (inputs, a) => {
  const [dy, x, scale] = inputs;
  if (!isStatic(x.shape) || x.dtype !== "float32") return deviceBatchNormGrad(inputs, a);
  const others = notChannels(x);
  const { centred, squares, size } = centredOf(x);
  const epsilon = size * (a.epsilon as number);
  const unit = scaled(centred, filled(x, Math.sqrt(size)), filled(x, 0), squares, epsilon);
  const [dbias, dscale] = [mean(dy, others), mean(mul(dy, unit), others)];
  const direction = sub(dy, scaled(unit, dscale, dbias, filled(x, 1), 0));
  const dx = scaled(direction, mul(scale, Math.sqrt(size)), filled(x, 0), squares, epsilon);
  return [dx, mul(dscale, size), mul(dbias, size)];
};
