/** Learning a linear classifier on a run's encoder and measuring it: what `eval linear`, `transfer` and `semi` share. */
import { everyIndex } from "../../array.js";
import { UsageError } from "../../errors.js";
import { type Annotations, classNames, type Labelled, labelledAmong, type Targets } from "../../eval/index.js";
import { learnBySgd, learnFast, type Measured, measure } from "../../protocols/index.js";
import { percent, table } from "../../text.js";
import { inEpochs, type Protocol } from "../../train/index.js";
import { share, type World } from "../../world/index.js";
import { print } from "../print.js";
import { inWorld, within } from "./processes.js";
import { onRun, type RunFlags, stepOf } from "./session.js";
import { type SetFlags, type Sets, setsOf } from "./sets.js";

export interface ClassifierFlags extends RunFlags, SetFlags {
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly backboneLearningRate?: number;
  readonly seed: number;
  readonly verbose?: boolean;
}

/** The flags of `--fast`. */
export interface FastFlags extends ClassifierFlags {
  readonly fast?: boolean;
  readonly strengths: readonly number[];
}

/** The authors' protocol with what the flags put in its place. */
export function protocolOf(authors: Protocol, flags: ClassifierFlags): Protocol {
  if (flags.backboneLearningRate !== undefined && authors.trains === "head")
    throw new UsageError("contradiction", "--backbone-learning-rate: the backbone learns only when fine-tuned");
  const { epochs = authors.epochs, batchSize = authors.batchSize } = flags;
  const { learningRate: headRate = authors.headRate, backboneLearningRate: backboneRate = authors.backboneRate } =
    flags;
  return { ...inEpochs(authors, epochs), batchSize, headRate, backboneRate };
}

/** Learns on `--data`, measures on `--test`, prints: the whole of a command, which several processes may share. */
export const evaluate = (flags: FastFlags, ...how: How): Promise<void> =>
  inWorld(flags, (world) => evaluateIn(world, flags, ...how));

/** What labels are learned, and how. */
type How = readonly [
  labelsOf: (images: Annotations, called: string) => Labelled,
  authors: (targets: Targets) => Protocol,
];

async function evaluateIn(world: World, flags: FastFlags, ...[labelsOf, authors]: How): Promise<void> {
  const sets = share(world, world.rank === 0 ? await setsOf(flags) : null) as Sets;
  const { step, train, how, measured, images } = await onRun(
    { ...flags, data: sets.data },
    async (learner) => {
      const { images } = learner;
      const { source, called } = images;
      const encoder = await learner.sharedEncoder();
      const train = labelsOf(source, called);
      const lesson = { encoder, images, targets: train.targets, world };
      const protocol = protocolOf(authors(train.targets), flags);
      const learned = flags.fast ? await learnFast(lesson, flags) : await learnBySgd(lesson, protocol, flags.seed);
      const count = labelledAmong(train.targets, everyIndex(source.count)).length;
      const measured = await learner.opening(sets.test)((test) => measure(learned, encoder, train, test, world));
      const step = await stepOf(world, learner);
      return { step, train, how: learned.how, measured, images: { train: count, test: measured.images } };
    },
    { seed: flags.seed, keepDecoded: !flags.fast, ...within(world) },
  );
  if (world.rank > 0) return;
  const names = classNames(train);
  print(flags.json, { run: flags.run, step, ...measured, ...how, images, classes: names }, [
    ...measuredLines(measured, names),
    `${images.test} images by a classifier of ${images.train}; query backbone after step ${step}${how.trains === "whole" ? ", fine-tuned" : ""}${how.converged === false ? "; not converged" : ""}`,
  ]);
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
