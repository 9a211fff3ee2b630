/** The seam for encoders, from outside: a toy transformer written with the package's exports alone is trained by the method's step. */
import test from "ava";
import { add, matMul, mean, mul, reshape, softmax, transpose } from "hcsc/graph";
import type { LossSettings } from "hcsc/loss";
import { type Backbone, convolution, linear } from "hcsc/nn";
import {
  type EncoderSettings,
  encoderModel,
  feeds,
  initialEncoder,
  openEngine,
  prepareProgram,
  results,
  type StepSettings,
  state,
  stepPrograms,
} from "hcsc/training";

const [batch, side, patch, width, dimension, queue, clusters] = [8, 12, 4, 16, 8, 32, [6, 3]] as const;

/** Patches as tokens, which one head of attention mixes; the features are their mean. */
const toy: Backbone = {
  featureWidth: width,
  sideMultiple: patch,
  features(scope, x) {
    const maps = scope.at("patches", (s) =>
      convolution(s, x, width, patch, { strides: [patch, patch], pads: [0, 0, 0, 0] }),
    );
    const tokens = transpose(reshape(maps, [0, width, -1]), [0, 2, 1]); // [batch, 9, width]
    const rows = reshape(tokens, [-1, width]);
    const [q, k, v] = ["q", "k", "v"].map((name) =>
      reshape(
        scope.at(name, (s) => linear(s, rows, width, { bias: false })),
        [-1, (side / patch) ** 2, width],
      ),
    );
    const weights = softmax(mul(matMul(q, transpose(k, [0, 2, 1])), 1 / Math.sqrt(width)));
    return mean(add(tokens, matMul(weights, v)), [1]);
  },
};

const encoder: EncoderSettings = { backbone: toy, channels: 1, imageSize: side, dimension };
const loss: LossSettings = {
  variant: "paper",
  temperature: 0.2,
  instanceSelection: true,
  prototypeSelection: true,
  selectionOnLocal: true,
};
const step: StepSettings = {
  encoder,
  loss,
  optimizer: { kind: "sgd", weightDecay: 0, nesterov: false, excludeVectors: false, clipNorm: 1 },
  batchSize: batch,
  localSizes: [],
  pixels: null,
  draws: "numbers",
  queue,
  clusters,
  querySubBatches: 1,
  keySubBatches: 1,
  precision: "fp32",
  recompute: false,
  accumulation: 1,
};

/** Numbers in [0, 1) that repeat late, the same in every run. */
const numbers = (shape: readonly number[], from = 0) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((from + i + 1) * Math.SQRT2) % 1),
});
const scalar = (x: number) => ({ shape: [], data: Float32Array.of(x) });
function unit(shape: readonly [number, number]) {
  const { data } = numbers(shape);
  for (let r = 0; r < shape[0]; r++) {
    const row = data.subarray(r * shape[1], (r + 1) * shape[1]);
    const length = Math.hypot(...row.map((x) => x - 0.5));
    for (const i of row.keys()) row[i] = (row[i] - 0.5) / length;
  }
  return { shape, data };
}

const start = initialEncoder(encoder, 5);

const startingState = {
  [state.queue]: unit([queue, dimension]),
  ...Object.fromEntries(
    Object.entries(start).flatMap(([name, value]) => [
      [state.query(name), value],
      [state.key(name), value],
      [state.optimizer("momentum", name), { shape: value.shape, data: new Float32Array(value.data.length) }],
    ]),
  ),
  ...Object.fromEntries(
    clusters.flatMap((m, l) => [
      [state.prototypes(l), unit([m, dimension])],
      [state.temperature(l), { shape: [m], data: new Float32Array(m).fill(0.2) }],
      [state.count(l), scalar(m)],
    ]),
  ),
  [state.parent(0)]: {
    shape: [clusters[0]],
    data: Int32Array.from({ length: clusters[0] }, (_, i) => i % clusters[1]),
  },
};
const given = {
  [feeds.queryImages]: numbers([batch, 1, side, side]),
  [feeds.keyImages]: numbers([batch, 1, side, side], 7),
  [feeds.unshuffle]: { shape: [batch], data: BigInt64Array.from({ length: batch }, (_, i) => BigInt(i)) },
  [feeds.slots]: { shape: [batch, 1], data: BigInt64Array.from({ length: batch }, (_, i) => BigInt(i)) },
  [feeds.instanceDraws]: numbers([batch, clusters.length, queue]),
  [feeds.prototypeDraws(0, 0)]: numbers([batch, clusters[0]]),
  [feeds.learningRate]: scalar(0.05),
  [feeds.momentum]: scalar(0.9),
  [feeds.keyMomentum]: scalar(0.9),
  [feeds.step]: scalar(1),
};

for (const phase of ["warmup", "selective"] as const)
  test(`${phase}: steps move every weight of an encoder of the caller's own, and the loss of their batch falls`, async (t) => {
    const engine = await openEngine({ provider: "cpu" });
    t.teardown(() => engine.close());
    await engine.write(startingState);
    const prepare = prepareProgram(step, { kind: "portable" });
    await engine.load(prepare.name, prepare.model, prepare);
    await engine.run(prepare.name, {}, []);
    const [program] = stepPrograms(step, phase, { kind: "portable" });
    await engine.load(program.name, program.model, program);
    const fed = Object.fromEntries(
      Object.entries(given).filter(([name]) => program.inputs.some((v) => v.name === name)),
    );
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) {
      const out = await engine.run(program.name, fed, [results.loss]);
      losses.push(Number(out[results.loss].data[0]));
    }
    // From the second on the batch's own keys are in the queue, at the places that each step fills again.
    t.true(losses[5] < losses[1], `${losses}`);
    const moved = await engine.read(Object.keys(start).map(state.query));
    for (const [name, { data }] of Object.entries(start)) {
      const now = moved[state.query(name)].data as Float32Array;
      t.true(now.every(Number.isFinite) && now.some((x, i) => x !== data[i]), name);
    }
    const weights = Object.fromEntries(Object.keys(start).map((name) => [name, moved[state.query(name)]]));
    await engine.load("encoder", encoderModel(encoder, weights, null));
    const { features } = await engine.run("encoder", { pixels: numbers([2, 1, side, side]) }, ["features"]);
    t.deepEqual(features.shape, [2, width]);
  });
