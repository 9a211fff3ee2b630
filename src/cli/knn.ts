/** kNN accuracy of an encoder's features: labelled images of one set classified by those of another. */
import type { DenseArray } from "../array.js";
import { unitRows } from "../cluster/index.js";
import { type KnnResult, knnClassify, type LabelledFeatures, targetsOf } from "../eval/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Engine, similarityOn } from "../runtime/index.js";
import { inClassesOf, type Labelled, type SingleTargets, singleLabelsOf } from "./labels.js";
import type { EngineFlags, ImageSession } from "./session.js";
import { withTest } from "./sets.js";
import { readableVectors } from "./vectors.js";

export interface KnnAccuracy {
  readonly top1: number;
  readonly all: readonly KnnResult[];
  readonly bankImages: number;
  readonly testImages: number;
}

/**
 * Weighted kNN on the unit features of a backbone.
 *
 * @param weights - the query encoder's tensors
 * @param bank - labelled images that vote
 * @param test - labelled images to classify, as on the command line
 */
export async function knnAccuracy(
  engine: Engine,
  recipe: Recipe,
  weights: Readonly<Record<string, DenseArray>>,
  bank: Omit<ImageSession, "engine">,
  test: string,
  flags: EngineFlags,
  k: readonly number[],
  temperature = 0.07,
): Promise<KnnAccuracy> {
  const of = async (
    images: Omit<ImageSession, "engine">,
    labels: Labelled<SingleTargets>,
  ): Promise<LabelledFeatures> => {
    const { features, kept } = await readableVectors(engine, recipe, weights, images, labels.targets);
    return { features: unitRows(features), labels: targetsOf(labels.targets, kept).labels };
  };
  const known = singleLabelsOf(bank.source, "--data");
  const train = await of(bank, known);
  const held = await withTest(bank, test, flags, (images) =>
    of(images, inClassesOf(known, singleLabelsOf(images.source, "--test"))),
  );
  const all = await knnClassify(train, held, { k, temperature, mostSimilar: await similarityOn(engine) });
  return { top1: all[0].top1, all, bankImages: train.labels.length, testImages: held.labels.length };
}
