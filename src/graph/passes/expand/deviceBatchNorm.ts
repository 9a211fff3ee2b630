/**
 * Batch normalisation for devices, where a node costs more than what it computes on small tensors: few nodes, few passes over
 * images, and no node a layer for vectors of channels. With c = x − μ, its sum of squares s and M elements a channel,
 * v = σ² + ε = (s + M·ε)/M. `BatchNormalization` in inference form divides by the root of what it is told is the variance: told
 * s + M·ε it scales by γ·√M/√(s + M·ε) = γ/√v, told (s + M·ε)² it divides by M·v:
 *
 *     y = γ/√v·c + β
 *     d = Σ dy·c    dβ/M = mean(dy)    dγ = d/√v    dx = γ/√v·(dy − d·c/(M·v) − dβ/M)
 *
 * The variance comes from the centred values: as accurate as in two passes whatever the mean. What is computed of vectors of
 * channels is joined to one node for all layers (`flat/`).
 */
import { add, apply, div, mean, mul, reshape, sqrt, sub, sum } from "../../apply.js";
import { notChannels } from "../../axes.js";
import { count, isStatic } from "../../shapes.js";
import { constant, ints, type Value } from "../../value.js";
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
  const epsilon = a.epsilon as number;
  const { centred, squares, size } = centredOf(x);
  const spread = add(squares, size * epsilon);
  const [dbias, along] = [mean(dy, others), sum(mul(dy, centred), others)];
  const direction = sub(dy, scaled(centred, along, dbias, mul(spread, spread), 0));
  const dx = scaled(direction, mul(scale, Math.sqrt(size)), filled(x, 0), squares, size * epsilon);
  return [dx, mul(div(along, sqrt(spread)), Math.sqrt(size)), mul(dbias, size)];
};
