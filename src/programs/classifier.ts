/**
 * The training step of a linear classifier by SGD: on features that are fed, or with the whole backbone below it, which then
 * learns at a rate of its own.
 */
import { differentiate, type Graph, input, scalar, type Value } from "../graph/index.js";
import {
  evaluation,
  linear,
  Parameters,
  Scope,
  type TargetKind,
  type TensorSpec,
  targetLosses,
  training,
} from "../nn/index.js";
import { applyUpdates, type OptimizerSettings, type Parameter } from "../optim/index.js";
import type { EncoderSettings } from "./encoder.js";
import { results, state } from "./names.js";
import { imageInput, type PixelStatistics } from "./pixels.js";
import { Ports } from "./ports.js";

export interface ClassifierSettings {
  readonly encoder: EncoderSettings;
  /** `head`: features are fed; `whole`: images, and the backbone learns too, its BatchNorm in training mode. */
  readonly trains: "head" | "whole";
  readonly kind: TargetKind;
  readonly classes: number;
  readonly batchSize: number;
  /** By which 8-bit images are normalised; null: they are floats, normalised already. */
  readonly pixels: PixelStatistics | null;
  readonly weightDecay: number;
}

/** What the loop feeds each step. */
export const classifierFeeds = {
  images: "images",
  features: "features",
  /** As `targetLosses` take them. */
  targets: "targets",
  headRate: "learningRate/head",
  backboneRate: "learningRate/backbone",
  momentum: "momentum",
} as const;

/** Tensors of the classifier: W [classes, width] and the bias [classes], which start as PyTorch's `Linear` does. */
export function classifierSpecs(s: ClassifierSettings): readonly TensorSpec[] {
  const { head } = network(s);
  return [...head.specs.values()];
}

/** The step's graph: the loss comes out as `results.loss`, everything else is state. */
export function classifierStep(s: ClassifierSettings): Graph {
  const ports = new Ports();
  const { backbone, head, scores } = network(s);
  const loss = targetLosses[s.kind](scores, targetsOf(s));
  ports.values[results.loss] = loss;
  for (const [name, value] of backbone.entries(false)) ports.state(backbone.prefix + name, value);
  const groups = [
    { parameters: trainable(backbone), rate: classifierFeeds.backboneRate },
    { parameters: trainable(head), rate: classifierFeeds.headRate },
  ];
  const learning = groups.flatMap(({ parameters }) => parameters.map((p) => p.value));
  const gradients = [...differentiate(loss, learning)];
  const momentum = input(classifierFeeds.momentum, []);
  for (const { parameters, rate } of groups) {
    const rates = { learningRate: input(rate, []), momentum, step: scalar(1) };
    const own = gradients.splice(0, parameters.length);
    const updated = applyUpdates(sgd(s.weightDecay), rates, parameters, own, (p) => ({
      read: (slot) => ports.input(state.optimizer(slot, p.name), p.value.shape as number[]),
      write: (slot, value) => ports.state(state.optimizer(slot, p.name), value),
    }));
    for (const [i, p] of parameters.entries()) ports.state(p.name, updated[i]);
  }
  return ports.graph("classifier");
}

const sgd = (weightDecay: number): OptimizerSettings => ({
  kind: "sgd",
  weightDecay,
  nesterov: false,
  excludeVectors: false,
  clipNorm: null,
});

function network(s: ClassifierSettings): { backbone: Parameters; head: Parameters; scores: Value } {
  const backbone = new Parameters(state.query(""));
  const head = new Parameters("classifier/");
  const { channels, imageSize, backbone: net } = s.encoder;
  const features =
    s.trains === "whole"
      ? net.features(
          new Scope(backbone, training()),
          imageInput(classifierFeeds.images, [s.batchSize, channels, imageSize, imageSize], s.pixels),
        )
      : input(classifierFeeds.features, [s.batchSize, net.featureWidth]);
  return { backbone, head, scores: linear(new Scope(head, evaluation), features, s.classes) };
}

const targetsOf = ({ kind, batchSize, classes }: ClassifierSettings): Value =>
  kind === "single"
    ? input(classifierFeeds.targets, [batchSize], "int64")
    : input(classifierFeeds.targets, [batchSize, classes]);

/** By their names among the state. */
const trainable = (tensors: Parameters): readonly Parameter[] =>
  tensors.entries(true).map(([name, value]) => ({ name: tensors.prefix + name, value, rank: value.shape.length }));
