/** Learning a linear classifier on a run's encoder and measuring it: what `eval linear`, `transfer` and `semi` share. */
import type { Command } from "commander";
import type { DenseArray } from "../array.js";
import { unitRows } from "../cluster/index.js";
import type { ImageSource } from "../data/index.js";
import { UsageError } from "../errors.js";
import {
  classScores,
  fitLinear,
  type LinearClassifier,
  type MeanPrecisions,
  precisions,
  type RightShares,
  rightShares,
  type Targets,
  targetsOf,
} from "../eval/index.js";
import type { Recipe } from "../recipe/index.js";
import { chooseTarget, type Engine, logisticOn } from "../runtime/index.js";
import {
  encoderWeights,
  inEpochs,
  lastSoundCheckpoint,
  type Protocol,
  RunFolder,
  trainClassifier,
} from "../train/index.js";
import { inClassesOf, type Labelled, labelledAmong, labelsOf } from "./labels.js";
import { positive, positiveList, whole, withEngineOptions } from "./options.js";
import { percent, print, table } from "./print.js";
import { type EngineFlags, everyIndex, type ImageSession, withEngine, withImages } from "./session.js";
import { type SetFlags, setsOf, withSetOptions, withTest } from "./sets.js";
import { readableVectors } from "./vectors.js";

export interface ClassifierFlags extends EngineFlags, SetFlags {
  readonly run: string;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly backboneLearningRate?: number;
  readonly seed: number;
}

/** The flags of `--fast`. */
export interface FastFlags extends ClassifierFlags {
  readonly fast?: boolean;
  readonly strengths: readonly number[];
}

type Weights = Readonly<Record<string, DenseArray>>;
type Images = Omit<ImageSession, "engine">;

/** What all these commands take. */
export const withClassifierOptions = (command: Command): Command =>
  withSetOptions(withEngineOptions(command).requiredOption("--run <folder>", "a run folder"), "to learn from")
    .option("--epochs <n>", "in place of the authors'; the schedule's steps move along", whole(1))
    .option("--batch-size <n>", "in place of the authors'", whole(1))
    .option("--learning-rate <x>", "the classifier's, in place of the authors'", positive)
    .option("--seed <n>", "of every draw", whole(0), 0);

export const withBackboneOptions = (command: Command): Command =>
  command.option("--backbone-learning-rate <x>", "the backbone's when fine-tuned, in place of the authors'", positive);

export const withFastOptions = (command: Command): Command =>
  command
    .option("--fast", "logistic regression by L-BFGS on the features of un-augmented views, each image embedded once")
    .option(
      "--strengths <list>",
      "with --fast: inverse regularisations C as scikit-learn's; of several the best on a held-back fifth of --data",
      positiveList,
      [0.1, 1, 10, 100, 1000],
    );

/** The authors' protocol with what the flags put in its place. */
export function protocolOf(authors: Protocol, flags: ClassifierFlags): Protocol {
  if (flags.backboneLearningRate !== undefined && authors.trains === "head")
    throw new UsageError("--backbone-learning-rate: the backbone learns only when fine-tuned");
  const { epochs = authors.epochs, batchSize = authors.batchSize } = flags;
  const { learningRate: headRate = authors.headRate, backboneLearningRate: backboneRate = authors.backboneRate } =
    flags;
  return { ...inEpochs(authors, epochs), batchSize, headRate, backboneRate };
}

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
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly weights: Weights;
  readonly images: Images;
  readonly targets: Targets;
}

/** By SGD on augmented views, of all images unless `indices` picks some. */
export async function learnBySgd(
  { engine, recipe, weights, images, targets }: Lesson,
  protocol: Protocol,
  seed: number,
  { indices = labelledAmong(targets, everyIndex(images.source.count)), stage = "training" } = {},
): Promise<Learned> {
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
    progress: (done, total) => progress(stage, done, total),
  });
  const { trains, epochs, batchSize, headRate, backboneRate } = protocol;
  const how = { method: "sgd", trains, epochs, batchSize, headRate, backboneRate, loss: learned.loss };
  return { classifier: learned.classifier, weights: learned.weights, unit: false, how };
}

/** By L-BFGS on the unit features of un-augmented views. */
export async function learnFast(
  { engine, recipe, weights, images, targets }: Lesson,
  { strengths, seed }: FastFlags,
): Promise<Learned> {
  const { features, kept } = await readableVectors(engine, recipe, weights, images, targets);
  const examples = { features: unitRows(features), targets: targetsOf(targets, kept) };
  const { classifier, ...how } = await fitLinear(examples, { objective: logisticOn(engine), strengths, seed });
  return { classifier, weights, unit: true, how: { method: "l-bfgs", ...how } };
}

/** How good a classifier is, by kind of target. */
export type Measured = ({ readonly kind: "single" } & RightShares) | ({ readonly kind: "several" } & MeanPrecisions);

/** Measures on the images `test`, whose classes go by the names of `train`. */
export async function measureOn(
  flags: ClassifierFlags,
  test: string,
  train: Labelled & Pick<Images, "source" | "description">,
  { engine, recipe }: Pick<Lesson, "engine" | "recipe">,
  { classifier, weights, unit }: Learned,
): Promise<Measured & { readonly images: number }> {
  return withTest(train, test, flags, async (images) => {
    const { targets } = inClassesOf(train, labelsOf(images.source, "--test"));
    const { features, kept } = await readableVectors(engine, recipe, weights, images, targets);
    const scores = classScores(classifier, unit ? unitRows(features) : features);
    const own = targetsOf(targets, kept);
    return {
      images: kept.length,
      ...(own.kind === "single"
        ? { kind: "single", ...rightShares(scores, own.labels) }
        : { kind: "several", ...precisions(scores, own.shown) }),
    };
  });
}

/** Learns on `--data`, measures on `--test`, prints: the whole of a command. */
export async function evaluate(
  flags: FastFlags,
  labelsOf: (source: ImageSource, name: string) => Labelled,
  authors: (targets: Targets) => Protocol,
): Promise<void> {
  const run = await RunFolder.open(flags.run);
  const checkpoint = await lastSoundCheckpoint(run);
  const weights = encoderWeights(checkpoint, "query");
  const { recipe } = run.description;
  const sets = await setsOf(flags, run);
  await withEngine(flags, async (engine) => {
    const read = { ...flags, keepDecoded: !flags.fast };
    const { train, count, learned } = await withImages(sets.data, read, async (images) => {
      const { source, description } = images;
      const train = { ...labelsOf(source, "--data"), source, description };
      const lesson = { engine, recipe, weights, images, targets: train.targets };
      const protocol = protocolOf(authors(train.targets), flags);
      const learned = flags.fast ? await learnFast(lesson, flags) : await learnBySgd(lesson, protocol, flags.seed);
      const count = labelledAmong(train.targets, everyIndex(source.count)).length;
      return { train, count, learned };
    });
    const measured = await measureOn(flags, sets.test, train, { engine, recipe }, learned);
    const { step } = checkpoint.position;
    const images = { train: count, test: measured.images };
    const names = classNames(train);
    print(flags.json, { run: flags.run, step, ...measured, ...learned.how, images, classes: names }, [
      ...measuredLines(measured, names),
      `${images.test} images by a classifier of ${images.train}; query backbone after step ${step}${learned.how.trains === "whole" ? ", fine-tuned" : ""}${learned.how.converged === false ? "; not converged" : ""}`,
    ]);
  });
}

/** Results as lines for people. */
export function measuredLines(measured: Measured, names: readonly string[]): readonly string[] {
  if (measured.kind === "several") {
    const { perClass, allPoint, elevenPoint } = measured;
    return [
      ...table([
        ["mAP, all points", percent(allPoint, 2)],
        ["mAP, 11 points", percent(elevenPoint, 2)],
      ]),
      "",
      ...table([["class", "AP"], ...perClass.map((ap, c) => [names[c], ap === null ? "none shown" : percent(ap, 1)])]),
    ];
  }
  const { top1, top5, confusion } = measured;
  return [
    ...table([
      ["top-1", percent(top1, 2)],
      ["top-5", percent(top5, 2)],
    ]),
    "",
    ...confusionLines(confusion, names),
  ];
}

/** Columns that a terminal has. */
const terminal = 120;
/** Pairs told of a matrix that is too wide for one. */
const worstPairs = 20;

/** The matrix, or where it does not fit a terminal the classes most often taken for another. */
export function confusionLines(confusion: readonly (readonly number[])[], names: readonly string[]): readonly string[] {
  const matrix = table([["true \\ predicted", ...names], ...confusion.map((row, c) => [names[c], ...row.map(String)])]);
  if (Math.max(...matrix.map((line) => line.length)) <= terminal) return matrix;
  const pairs = confusion
    .flatMap((row, truth) => row.map((count, predicted) => ({ count, truth, predicted })))
    .filter(({ count, truth, predicted }) => truth !== predicted && count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, worstPairs);
  if (pairs.length === 0) return ["no class was taken for another"];
  return table([
    ["true", "taken for", "images"],
    ...pairs.map(({ count, truth, predicted }) => [names[truth], names[predicted], String(count)]),
  ]);
}

/** Class names, or their numbers. */
export const classNames = ({ targets, classes }: Labelled): readonly string[] =>
  classes ?? Array.from(everyIndex(targets.classes), String);
