/** Training steps of odd widths and image sizes, with a random state to start from. */
import fc from "fast-check";
import type { DenseArray } from "../../src/array.js";
import { elements } from "../../src/array.js";
import type { Graph } from "../../src/graph/index.js";
import { type ResNet, resnet } from "../../src/nn/index.js";
import {
  type EncoderSettings,
  feeds,
  fusedStep,
  type Levels,
  type Phase,
  type Program,
  type StepSettings,
  state,
} from "../../src/programs/index.js";
import { normal, permutation, type Random, random } from "../../src/random.js";
import { decision, oneOf, type Take, times } from "./take.js";

export interface StepCase {
  /** The encoder's backbone, and the rest of it: plain data, so that it can be sent to another process. */
  readonly net: ResNet;
  readonly encoder: Omit<EncoderSettings, "backbone">;
  readonly step: Omit<StepSettings, "encoder">;
  readonly phase: Phase;
  /** Of the state and the feeds. */
  readonly seed: number;
}

export const settingsOf = ({ net, encoder, step }: StepCase): StepSettings => ({
  ...step,
  encoder: { ...encoder, backbone: resnet(net) },
});

export const graphOfStep = (c: StepCase, levels: Levels): Graph => fusedStep(settingsOf(c), c.phase, levels, true);

/** Widths at which kernels of the device are wrong, and some at which none is. */
const widths = [3, 6, 8, 9, 12, 14, 15, 18, 21, 24];

function drawnOptimizer(take: Take): StepSettings["optimizer"] {
  const kind = oneOf(take, ["sgd", "lars"] as const);
  const nesterov = take(2) === 1;
  const common = { weightDecay: 1e-3, clipNorm: oneOf(take, [null, 1]) };
  return kind === "sgd" ? { kind, ...common, nesterov, excludeVectors: false } : { kind, ...common, trust: 0.001 };
}

function drawn(take: Take): StepCase {
  const stages = oneOf(take, [2, 1, 3]);
  const variant = oneOf(take, ["paper", "reference"] as const);
  const phase = oneOf(take, ["warmup", "selective", "selective"] as const);
  const seed = take(1000);
  const net: ResNet = {
    block: oneOf(take, ["basic", "basic", "bottleneck"] as const),
    widths: times(stages, () => oneOf(take, widths)),
    blocks: times(stages, () => 1),
    stem: oneOf(take, ["small", "imagenet"] as const),
  };
  const [channels, dimension] = [oneOf(take, [1, 3]), oneOf(take, [8, 6, 9, 15])];
  const loss = {
    variant,
    temperature: 0.2,
    instanceSelection: take(4) > 0,
    prototypeSelection: take(4) > 0,
    selectionOnLocal: true,
  };
  const optimizer = drawnOptimizer(take);
  const batchSize = oneOf(take, [4, 6]);
  return {
    phase,
    seed,
    net,
    encoder: { channels, imageSize: 9 + take(21), dimension },
    step: {
      loss,
      optimizer,
      batchSize,
      localSizes: oneOf(take, [[], [], [9], [10, 13]]),
      pixels: null,
      draws: "numbers", // words give them too close to a probability now and then
      queue: oneOf(take, [12, 15, 33]),
      clusters: oneOf(take, [[6, 3], [5, 3, 2], [9]]),
      querySubBatches: oneOf(take, [1, 2]),
      keySubBatches: oneOf(take, [1, 2]),
      precision: "fp32",
      recompute: take(3) === 2,
      accumulation: 1,
    },
  };
}

export const stepCases: fc.Arbitrary<StepCase> = fc
  .gen()
  .map((given) => drawn((below) => (below <= 1 ? 0 : given(decision, below))));

/** The state and feeds that a step reads, whatever its form. */
export function arraysOf({ step, seed }: StepCase, { inputs }: Program): Readonly<Record<string, DenseArray>> {
  return Object.fromEntries(
    inputs.map(({ name, dtype, shape }, key) => {
      const dims = shape as readonly number[];
      const numbers = numbersOf(step, name, dims, random(seed, key));
      if (dtype === "int64") return [name, { shape: dims, data: BigInt64Array.from(numbers, BigInt) }];
      return [name, { shape: dims, data: (dtype === "int32" ? Int32Array : Float32Array).from(numbers) }];
    }),
  );
}

type Fill = (shape: readonly number[], next: Random, step: StepCase["step"]) => readonly number[];

const fill =
  (one: (next: Random) => number): Fill =>
  (shape, next) =>
    times(elements(shape), () => one(next));
const between = (low: number, high: number): Fill => fill((next) => low + next() * (high - low));

const unitRows: Fill = (shape, next) => {
  const rows = times(shape[0], () => times(shape[1], () => normal(next)));
  return rows.flatMap((row) => row.map((x) => x / Math.hypot(...row)));
};

/** He's spread for filters and matrices, about 1 for scales, small for shifts. */
const weights: Fill = (shape, next) => {
  if (shape.length === 1) return between(0.5, 1.5)(shape, next, {} as StepCase["step"]);
  const inputs = elements(shape.slice(1));
  return times(elements(shape), () => normal(next) * Math.sqrt(2 / inputs));
};

/** By the name of an input: the first row that matches. Draws keep away from 0 and 1, near which probabilities crowd. */
const fills: readonly (readonly [RegExp, Fill])[] = [
  [/^images/, fill(normal)],
  [/^unshuffle$/, ([n], next) => Array.from(permutation(n, next))],
  [/^slots$/, ([n], next, { queue }) => Array.from(permutation(queue, next).subarray(0, n))],
  [/^draws/, between(0.2, 0.8)],
  [/^step$/, () => [1]],
  [/^(learningRate|momentum|keyMomentum)$/, between(0.1, 0.9)],
  [/^(queue|prototypes\/\d+)$/, unitRows],
  [/^temperature/, between(0.15, 0.3)],
  [/running_mean$|bias$/, between(-0.2, 0.2)],
  [/running_var$/, between(0.5, 1.5)],
  [/^optimizer/, fill((next) => 0.01 * normal(next))],
  [/^(query|key)\//, weights],
  [/Normalizer/, between(1, 3)],
];

function numbersOf(step: StepCase["step"], name: string, shape: readonly number[], next: Random): readonly number[] {
  const level = Number(name.split("/").at(-1));
  if (name === state.count(level)) return [step.clusters[level]];
  if (name === feeds.maxAssignment(level)) return [step.clusters[level] - 1];
  const below = name === state.parent(level) ? step.clusters[level + 1] : step.clusters[level];
  if (name === state.parent(level) || name === feeds.assignment(level))
    return times(elements(shape), () => Math.floor(next() * below));
  const row = fills.find(([pattern]) => pattern.test(name));
  if (!row) throw new Error(`no numbers are known for the step's input ${name}`);
  return row[1](shape, next, step);
}

/** `warmup step, widths 6,9 basic, image 13, …`. */
export function shownStep({ step: s, net, encoder, phase, seed }: StepCase): string {
  const { channels, imageSize, dimension } = encoder;
  const loss = `${s.loss.variant} ${phase}, clusters ${s.clusters}, queue ${s.queue}`;
  return `step of ${net.block} ${net.stem} widths ${net.widths}, image ${channels}x${imageSize} local [${s.localSizes}], dimension ${dimension}, batch ${s.batchSize}, ${loss}, seed ${seed}`;
}
