/** A training step small enough for tests: its settings, a random state to start from, and feeds. */
import type { DenseArray } from "../../src/array.js";
import { type ResNet, resnet } from "../../src/nn/index.js";
import { slotNames } from "../../src/optim/index.js";
import {
  type DrawTable,
  drawTables,
  drawWords,
  encoderSpecs,
  feeds,
  initialEncoder,
  type Program,
  type StepSettings,
  stackedWords,
  state,
  type Word,
  wordInputs,
  wordShape,
} from "../../src/programs/index.js";
import { normal, random } from "../../src/random.js";

export const net: ResNet = { block: "basic", widths: [8, 16], blocks: [1, 1], stem: "small" };

export const settings: StepSettings = {
  encoder: { backbone: resnet(net), channels: 1, imageSize: 10, dimension: 8 },
  loss: {
    variant: "paper",
    temperature: 0.2,
    instanceSelection: true,
    prototypeSelection: true,
    selectionOnLocal: true,
  },
  optimizer: {
    kind: "sgd",
    weightDecay: 1e-3,
    nesterov: false,
    excludeVectors: false,
    clipNorm: 1,
  },
  batchSize: 8,
  localSizes: [],
  pixels: { mean: [0.5], std: [0.25] },
  draws: "words",
  queue: 32,
  clusters: [6, 3],
  querySubBatches: 1,
  keySubBatches: 2,
  precision: "fp32",
  recompute: false,
  accumulation: 1,
};

const next = random(3);
const count = (shape: readonly number[]): number => shape.reduce((p, d) => p * d, 1);
export const gaussian = (shape: readonly number[], scale = 1): DenseArray => ({
  shape,
  data: Float32Array.from({ length: count(shape) }, () => scale * normal(next)),
});
export const pixels = (shape: readonly number[]): DenseArray<Uint8Array> => ({
  shape,
  data: Uint8Array.from({ length: count(shape) }, () => 256 * next()),
});
const words = (table: DrawTable): Record<string, DenseArray<Int32Array>> =>
  Object.fromEntries(
    (Object.keys(wordInputs) as Word[]).map((w) => {
      const shape = wordShape(w, table);
      const data = Int32Array.from({ length: count(shape) }, () => drawWords[w](2 ** 32 * next()));
      return [wordInputs[w](table.name), { shape, data }];
    }),
  );
/** Words of all draws, level by level and stacked: the same draws. */
function allWords(s: StepSettings): Record<string, DenseArray> {
  const ofLevels = s.clusters.map((_, l) => words(drawTables.prototype(s, 0, l)));
  const apart = Object.assign(words(drawTables.instance(s)), ...ofLevels) as ReturnType<typeof words>;
  return { ...apart, ...stackedWords(s, apart, 1) };
}
export const scalar = (x: number): DenseArray => ({ shape: [], data: Float32Array.of(x) });
export const ids = (values: readonly number[]): DenseArray => ({
  shape: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

function unit(shape: readonly [number, number]): DenseArray {
  const { data } = gaussian(shape);
  const rows = data as Float32Array;
  for (let r = 0; r < shape[0]; r++) {
    const row = rows.subarray(r * shape[1], (r + 1) * shape[1]);
    const length = Math.hypot(...row);
    for (let i = 0; i < row.length; i++) row[i] /= length;
  }
  return { shape, data: rows };
}

export function startingState(s: StepSettings): Record<string, DenseArray> {
  const start: Record<string, DenseArray> = { [state.queue]: unit([s.queue, s.encoder.dimension]) };
  const weights = initialEncoder(s.encoder, 5);
  for (const spec of encoderSpecs(s.encoder)) {
    const zeros = { shape: spec.shape, data: new Float32Array(weights[spec.name].data.length) };
    Object.assign(start, {
      [state.query(spec.name)]: weights[spec.name],
      [state.key(spec.name)]: weights[spec.name],
      ...Object.fromEntries(slotNames[s.optimizer.kind].map((slot) => [state.optimizer(slot, spec.name), zeros])),
      [state.gradient(spec.name)]: zeros,
    });
  }
  for (const [l, m] of s.clusters.entries()) {
    start[state.prototypes(l)] = unit([m, s.encoder.dimension]);
    start[state.temperature(l)] = { shape: [m], data: new Float32Array(m).fill(0.2) };
    start[state.count(l)] = scalar(m);
  }
  for (const [l, m] of s.clusters.slice(1).entries())
    start[state.parent(l)] = {
      shape: [s.clusters[l]],
      data: Int32Array.from({ length: s.clusters[l] }, (_, i) => i % m),
    };
  return start;
}

/** What programs of these settings take for one batch of grey images. */
export const allFeeds = (s: StepSettings): Record<string, DenseArray> => ({
  [feeds.queryImages]: pixels([s.batchSize, 1, s.encoder.imageSize, s.encoder.imageSize]),
  [feeds.keyImages]: pixels([s.batchSize, 1, s.encoder.imageSize, s.encoder.imageSize]),
  [feeds.unshuffle]: ids([3, 1, 0, 2, 7, 6, 5, 4]),
  [feeds.slots]: {
    ...ids(Array.from({ length: s.batchSize }, (_, i) => (s.queue - 2 + i) % s.queue)),
    shape: [s.batchSize, 1],
  },
  [feeds.learningRate]: scalar(0.1),
  [feeds.momentum]: scalar(0.9),
  [feeds.keyMomentum]: scalar(0.9),
  [feeds.step]: scalar(1),
  ...allWords(s),
});

/** Those feeds that a program takes. */
export const fedTo = ({ inputs }: Program, given: Readonly<Record<string, DenseArray>>): Record<string, DenseArray> =>
  Object.fromEntries(inputs.filter((v) => v.name in given).map((v) => [v.name, given[v.name]]));
