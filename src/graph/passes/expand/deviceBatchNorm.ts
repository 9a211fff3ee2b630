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
import { add, apply, concat, div, mean, mul, reshape, split, sqrt, sub, sum } from "../../apply.js";
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

/** Two tensors of one shape. */
export type Pair = readonly [Value, Value];

const beside = (pair: Pair, axis = 0): Value => concat(pair, axis);
/** The halves of what was computed of two tensors beside each other. */
const halves = (both: Value, axis = 0): Pair => {
  const half = (both.shape[axis] as number) / 2;
  return split(both, [half, half], axis) as readonly Value[] as Pair;
};
const each = (pair: Pair, f: (v: Value) => Value): Pair => [f(pair[0]), f(pair[1])];

/** `fewNodesBatchNormTrain` of two tensors at once, channels beside channels: what it gives of each. */
export function pairedBatchNormTrain(x: Pair, scale: Pair, bias: Pair, epsilon: number): readonly (readonly Value[])[] {
  const { average, centred, squares, size } = centredOf(beside(x, 1));
  const scales = each(scale, (v) => mul(v, Math.sqrt(size)));
  const y = halves(scaled(centred, beside(scales), beside(bias), squares, size * epsilon), 1);
  const [means, variances] = [halves(average, 1), halves(squares)];
  return y.map((v, i) => [v, reshape(means[i], [scale[i].shape[0] as number]), div(variances[i], size)]);
}

/** `fewNodesBatchNormGrad` of two tensors that were normalised at once, by one gradient of both results. */
export function pairedBatchNormGrad(dy: Value, x: Pair, scale: Pair, epsilon: number): readonly (readonly Value[])[] {
  const { centred, squares, size } = centredOf(beside(x, 1));
  const both = beside([dy, dy], 1);
  const others = notChannels(dy);
  const spread = add(squares, size * epsilon);
  const [dbias, along] = [mean(both, others), sum(mul(both, centred), others)];
  const direction = sub(both, scaled(centred, along, dbias, mul(spread, spread), 0));
  const scales = each(scale, (v) => mul(v, Math.sqrt(size)));
  const dx = halves(scaled(direction, beside(scales), filled(both, 0), squares, size * epsilon), 1);
  const [alongs, spreads, means] = [halves(along), each(halves(squares), (s) => add(s, size * epsilon)), halves(dbias)];
  return dx.map((v, i) => [v, mul(div(alongs[i], sqrt(spreads[i])), Math.sqrt(size)), mul(means[i], size)]);
}
