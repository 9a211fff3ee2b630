/** kNN accuracy of an encoder's features: labelled images of one set classified by those of another. */
import { unitRows } from "../cluster/index.js";
import type { OpenImages } from "../data/index.js";
import { type Encoder, readableVectors } from "../encoder/index.js";
import { similarityOn } from "../engine/index.js";
import {
  inClassesOf,
  type KnnResult,
  knnClassify,
  type Labelled,
  type LabelledFeatures,
  type SingleTargets,
  singleLabelsOf,
  targetsOf,
} from "../eval/index.js";
import { alone, sumOf, type World } from "../world/index.js";
import type { Opening } from "./opening.js";

/** Accuracy in percent by nearest neighbours, and of how many images. */
export interface KnnAccuracy {
  readonly top1: number;
  readonly all: readonly KnnResult[];
  readonly bankImages: number;
  readonly testImages: number;
}

/**
 * Weighted kNN on the unit features of a backbone.
 *
 * @param encoder - the query encoder
 * @param bank - labelled images that vote
 * @param openTest - opens labelled images to classify, once the bank is embedded
 * @param k - numbers of neighbours, a result for each
 * @param world - processes that share the images: a call that all make; default: this one alone
 */
export async function knnAccuracy(
  encoder: Encoder,
  bank: OpenImages,
  openTest: Opening,
  { k = [20], temperature = 0.07 }: { readonly k?: readonly number[]; readonly temperature?: number } = {},
  world: World = alone,
): Promise<KnnAccuracy> {
  const of = async (images: OpenImages, { targets }: Labelled<SingleTargets>): Promise<LabelledFeatures> => {
    const { features, kept } = await readableVectors(encoder, images, targets, world);
    return { features: unitRows(features), labels: targetsOf(targets, kept).labels };
  };
  const known = singleLabelsOf(bank.source, bank.called);
  const train = await of(bank, known);
  const held = await openTest((images) => of(images, inClassesOf(known, singleLabelsOf(images.source, images.called))));
  const mostSimilar = await similarityOn(encoder.engine);
  const all = await knnClassify(train, held, { k, temperature, mostSimilar, world });
  const [bankImages, testImages] = [train, held].map(({ labels }) => sumOf(world, labels.length));
  return { top1: all[0].top1, all, bankImages, testImages };
}
