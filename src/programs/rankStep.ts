/**
 * The step as processes share it: each has its part of the batch, BatchNorm's parts among them, and between its graphs they say to
 * each other what all need. `key` makes keys of its part of the shuffled batch, `gradient` takes the keys of its own images and
 * adds to the state's gradients, `enqueue` puts the keys of all in the queue, and `apply` updates from gradients that are the mean
 * of all. What one graph does for one process (`step.ts`), they do by the same functions.
 */
import { type Graph, input, scatterND, scope, stopGradient } from "../graph/index.js";
import { Parameters } from "../nn/index.js";
import { hierarchyInputs } from "./hierarchyInputs.js";
import { feeds, next, results, state } from "./names.js";
import { Ports } from "./ports.js";
import { keyNormalizer } from "./selectiveLoss.js";
import { applyStep, gradientStep, shuffledKeys, slots } from "./step.js";
import type { Levels, Phase, StepSettings } from "./stepSettings.js";

export type RankPart = "key" | "gradient" | "enqueue" | "apply";

/** A process's part of a step. Of a batch it has every `ranks`-th image, so it has whole parts of those that BatchNorm sees apart. */
export const partOf = (s: StepSettings, ranks: number): StepSettings => ({
  ...s,
  batchSize: s.batchSize / ranks,
  isPart: true,
  querySubBatches: s.querySubBatches / ranks,
  keySubBatches: s.keySubBatches / ranks,
});

/** The graphs of one of so many processes. */
export function rankGraphs(
  s: StepSettings,
  ranks: number,
  phase: Phase,
  levels: Levels,
): { readonly [P in RankPart]: Graph } {
  const part = partOf(s, ranks);
  return {
    key: keyStep(part),
    gradient: withoutQueue(gradientStep(part, phase, levels, fedKeys)),
    enqueue: enqueueStep(s, phase),
    apply: applyStep(s, true),
  };
}

const fedKeys = (s: StepSettings) => stopGradient(input(feeds.keys, [s.batchSize, s.encoder.dimension]));

function keyStep(s: StepSettings): Graph {
  const ports = new Ports();
  ports.values[results.keyEmbedding] = shuffledKeys(s, new Parameters(state.query("")), ports);
  return ports.graph("key");
}

/** The queue gets the keys of all. */
function withoutQueue({ name, outputs }: Graph): Graph {
  const ports = new Ports();
  for (const [output, value] of Object.entries(outputs))
    if (output !== next(state.queue) && output !== next(state.queueNormalizer)) ports.values[output] = value;
  return ports.graph(name);
}

function enqueueStep(s: StepSettings, phase: Phase): Graph {
  const ports = new Ports();
  const keys = fedKeys(s);
  const put = (name: string, width: number, rows: typeof keys) =>
    scope("queue", () => ports.state(name, scatterND(input(name, [s.queue, width]), slots(s, ports), rows)));
  put(state.queue, s.encoder.dimension, keys);
  if (phase === "selective" && s.loss.instanceSelection)
    put(state.queueNormalizer, s.clusters.length, keyNormalizer(s.loss, keys, hierarchyInputs(s)));
  return ports.graph("enqueue");
}
