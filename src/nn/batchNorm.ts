/**
 * Batch normalisation (Ioffe and Szegedy 2015) in its modes. `weight`, `bias`, `running_mean`, `running_var` are named as in
 * PyTorch; the running variance is unbiased, as PyTorch's and unlike ONNX's.
 */
import {
  add,
  apply,
  batchNormTrain,
  concat,
  constant,
  mean,
  mul,
  reshape,
  stopGradient,
  type Value,
} from "../graph/index.js";
import { channels } from "./layers.js";
import type { Scope } from "./parameters.js";

const epsilon = 1e-5;
const momentum = 0.1;

/** Whether a layer has a weight and a bias of its own, or 1 and 0. */
interface Affine {
  readonly affine: boolean;
}

function weights(scope: Scope, count: number, { affine }: Affine): readonly [Value, Value] {
  const of = (name: string, value: number): Value =>
    affine
      ? scope.parameter(name, [count], { kind: "constant", value })
      : constant(new Float32Array(count).fill(value), [count]);
  return [of("weight", 1), of("bias", 0)];
}

function statistics(scope: Scope, count: number) {
  return [
    scope.buffer("running_mean", [count], { kind: "constant", value: 0 }),
    scope.buffer("running_var", [count], { kind: "constant", value: 1 }),
  ] as const;
}

/**
 * Normalises with the batch's statistics and updates the running ones, r ← 0.9 r + 0.1 batch.
 *
 * @param subBatches - how many parts of the batch are normalised apart (1: the whole); a key batch in random order then has what
 *   shuffled BatchNorm (He et al. 2020, section 3.3) does across GPUs
 */
function byBatch(scope: Scope, x: Value, subBatches: number, affine: Affine): Value {
  const count = channels(x);
  const [weight, bias] = weights(scope, count, affine);
  const [runningMean, runningVariance] = statistics(scope, count);
  const [batch, , ...spatial] = x.shape as readonly number[];
  const tile = (v: Value) => concat(Array(subBatches).fill(v), 0);
  // Rows i mod subBatches side by side: a view of the same memory.
  const grouped = subBatches === 1 ? x : reshape(x, [batch / subBatches, subBatches * count, ...spatial]);
  const [y, average, variance] = batchNormTrain(grouped, tile(weight), tile(bias), epsilon);
  const samples = (batch / subBatches) * spatial.reduce((p, d) => p * d, 1);
  const overall = (v: Value) => (subBatches === 1 ? v : mean(reshape(v, [subBatches, count]), [0]));
  const follow = (running: Value, now: Value, factor: number) =>
    add(mul(running, 1 - momentum), mul(overall(stopGradient(now)), momentum * factor));
  runningMean.update(follow(runningMean.value, average, 1));
  runningVariance.update(follow(runningVariance.value, variance, samples / Math.max(1, samples - 1)));
  return subBatches === 1 ? y : reshape(y, [batch, count, ...spatial]);
}

/** Normalises with the running statistics. */
function byRunning(scope: Scope, x: Value, affine: Affine): Value {
  const [weight, bias] = weights(scope, channels(x), affine);
  const [runningMean, runningVariance] = statistics(scope, channels(x));
  return apply("BatchNormalization", [x, weight, bias, runningMean.value, runningVariance.value], { epsilon });
}

/** Batch normalisation of images [N,C,…] in the network's mode: with the batch's statistics in training, else the running ones. */
export const batchNorm = (scope: Scope, x: Value, affine: Affine = { affine: true }): Value =>
  scope.mode.kind === "training" ? byBatch(scope, x, scope.mode.subBatches, affine) : byRunning(scope, x, affine);
