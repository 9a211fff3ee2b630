/** Fine-tuning with few labels: a pre-trained backbone beside one of random weights. */
import type { OpenImages } from "../data/index.js";
import type { Encoder } from "../encoder/index.js";
import type { Advice } from "../errors.js";
import { classNames, type RightShares, singleLabelsOf } from "../eval/index.js";
import { encoderSettings, initialEncoder } from "../programs/index.js";
import { type Protocol, protocols } from "../train/index.js";
import { learnBySgd, measure } from "./classifiers.js";
import { type LabelledPart, labelledPart } from "./labelledPart.js";
import type { Opening } from "./opening.js";

/** How backbones are fine-tuned with few labels. */
export interface FewLabelsSettings {
  /** Which images keep their labels. */
  readonly labelled: LabelledPart;
  /** Default: the authors' for fine-tuning, 70 epochs of SGD (`protocols.fineTuning` of `hcsc/training`). */
  readonly protocol?: Protocol;
  /** Of every draw; default 0. */
  readonly seed?: number;
  /** Told what makes the comparison worth less than it looks, before it is made. */
  readonly onDoubt?: (doubt: Advice) => void;
}

/** What a backbone came to, by what it started from. */
export interface FewLabelsResult extends RightShares {
  readonly start: "pre-trained" | "random";
  /** Images that were classified. */
  readonly images: number;
}

/** What few labels give, with pre-training and without. */
export interface FewLabelsAccuracy {
  /** Images that kept their labels, of how many. */
  readonly labelled: number;
  readonly of: number;
  /** Names of the classes, by id. */
  readonly classes: readonly string[];
  readonly results: readonly FewLabelsResult[];
}

/** Below so many updates fine-tuning hardly moves. */
const fewUpdates = 500;

/**
 * Fine-tunes the whole backbone with the labels of a part of the images, and a backbone of random weights with the same, and
 * classifies images held out.
 *
 * @param encoder - the query encoder; the random weights are those that the seed of its recipe gives
 * @param images - of one label each
 * @param openTest - opens labelled images to classify, after each learning
 * @throws UsageError for an amount of labels that there is not; DataError if the images have no single labels, or a list names others
 */
export async function fewLabels(
  encoder: Encoder,
  images: OpenImages,
  openTest: Opening,
  { labelled, protocol = protocols.fineTuning, seed = 0, onDoubt }: FewLabelsSettings,
): Promise<FewLabelsAccuracy> {
  const { recipe } = encoder;
  const known = singleLabelsOf(images.source, images.called);
  const indices = await labelledPart(images.source, known.targets, labelled, seed);
  const updates = protocol.epochs * Math.floor(indices.length / Math.min(protocol.batchSize, indices.length));
  if (updates < fewUpdates)
    onDoubt?.({
      message: `${indices.length} labels are only ${updates} updates: a smaller batch or more epochs give more`,
      settings: ["batchSize", "epochs"],
    });
  const starts = {
    "pre-trained": encoder.weights,
    random: initialEncoder(encoderSettings(recipe.encoder), recipe.seed),
  };
  const results: FewLabelsResult[] = [];
  for (const start of ["pre-trained", "random"] as const) {
    const lesson = { encoder: { ...encoder, weights: starts[start] }, images, targets: known.targets };
    const learned = await learnBySgd(lesson, protocol, seed, { indices, stage: `fine-tuning (${start})` });
    const { kind: _, ...measured } = await openTest((test) => measure(learned, encoder, known, test));
    results.push({ start, ...measured });
  }
  return { labelled: indices.length, of: images.source.count, classes: classNames(known), results };
}
