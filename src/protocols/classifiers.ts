/** Linear classifiers on an encoder: learned by the authors' SGD or by L-BFGS, and measured on images held out. */
import { everyIndex } from "../array.js";
import { unitRows } from "../cluster/index.js";
import type { OpenImages } from "../data/index.js";
import { type Encoder, readableVectors, type Weights } from "../encoder/index.js";
import { logisticOn } from "../engine/index.js";
import {
  classScores,
  fitLinear,
  inClassesOf,
  type Labelled,
  type LinearClassifier,
  labelledAmong,
  labelsOf,
  type MeanPrecisions,
  precisions,
  type RightShares,
  rightShares,
  type SingleTargets,
  type Targets,
  targetsOf,
} from "../eval/index.js";
import { chooseTarget } from "../runtime/index.js";
import { type Protocol, trainClassifier } from "../train/index.js";
import { alone, sumOf, type World } from "../world/index.js";

/** A classifier, and the features that it is for. */
export interface Learned {
  readonly classifier: LinearClassifier;
  /** The encoder's tensors, which fine-tuning changes. */
  readonly weights: Weights;
  /** Whether the features' rows are brought to unit length. */
  readonly unit: boolean;
  /** How it was learned, for people and for machines. */
  readonly how: Readonly<Record<string, unknown>>;
}

/** An encoder and labelled images for it. */
export interface Lesson {
  readonly encoder: Encoder;
  readonly images: OpenImages;
  readonly targets: Targets;
  /** Processes that share the images: what is learned of a lesson is learned by calls that all make. Default: this one alone. */
  readonly world?: World | undefined;
}

/** By SGD on augmented views, of all images unless `indices` picks some. */
export async function learnBySgd(
  { encoder, images, targets, world }: Lesson,
  protocol: Protocol,
  seed: number,
  { indices = labelledAmong(targets, everyIndex(images.source.count)), stage = "training" } = {},
): Promise<Learned> {
  const { engine, recipe, weights } = encoder;
  const { loader, progress } = images;
  const learned = await trainClassifier({
    engine,
    target: await chooseTarget(engine),
    loader,
    recipe,
    weights,
    targets,
    images: indices,
    protocol,
    seed,
    world,
    progress: (done, total) => progress(stage, done, total),
  });
  const { trains, epochs, batchSize, headRate, backboneRate } = protocol;
  const how = { method: "sgd", trains, epochs, batchSize, headRate, backboneRate, loss: learned.loss };
  return { classifier: learned.classifier, weights: learned.weights, unit: false, how };
}

/** By L-BFGS on the unit features of un-augmented views. @param strengths - inverse regularisations, of several the best is taken */
export async function learnFast(
  { encoder, images, targets, world }: Lesson,
  { strengths, seed }: { readonly strengths: readonly number[]; readonly seed: number },
): Promise<Learned> {
  const { features, kept } = await readableVectors(encoder, images, targets, world);
  const examples = { features: unitRows(features), targets: targetsOf(targets, kept) };
  const fit = await fitLinear(examples, { objective: logisticOn(encoder.engine), strengths, seed, world });
  const { classifier, ...how } = fit;
  return { classifier, weights: encoder.weights, unit: true, how: { method: "l-bfgs", ...how } };
}

/** How good a classifier is, by kind of target. */
export type Measured = { readonly images: number } & (
  | ({ readonly kind: "single" } & RightShares)
  | ({ readonly kind: "several" } & MeanPrecisions)
);

/**
 * Measures on images whose classes go by the names of `train`.
 *
 * @param world - processes that share the images: a call that all make; default: this one alone
 * @throws DataError if they are not of its kind and its classes
 */
export function measure(
  learned: Learned,
  encoder: Encoder,
  train: Labelled<SingleTargets>,
  images: OpenImages,
  world?: World,
): Promise<Extract<Measured, { kind: "single" }>>;
export function measure(
  learned: Learned,
  encoder: Encoder,
  train: Labelled,
  images: OpenImages,
  world?: World,
): Promise<Measured>;
export async function measure(
  { classifier, weights, unit }: Learned,
  encoder: Encoder,
  train: Labelled,
  images: OpenImages,
  world: World = alone,
): Promise<Measured> {
  const { targets } = inClassesOf(train, labelsOf(images.source, images.called));
  const { features, kept } = await readableVectors({ ...encoder, weights }, images, targets, world);
  const scores = classScores(classifier, unit ? unitRows(features) : features);
  const own = targetsOf(targets, kept);
  const count = sumOf(world, kept.length);
  return own.kind === "single"
    ? { images: count, kind: "single", ...rightShares(scores, own.labels, world) }
    : { images: count, kind: "several", ...precisions(scores, own.shown, world) };
}
