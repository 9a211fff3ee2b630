/** kNN accuracy of an encoder's features: labelled images of one set classified by those of another. */
import type { DenseArray } from "../array.js";
import { unitRows } from "../cluster/index.js";
import { DataError } from "../errors.js";
import { type KnnResult, knnClassify } from "../eval/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Engine, similarityOn } from "../runtime/index.js";
import { embedImages } from "../train/index.js";
import { type EngineFlags, everyIndex, type ImageSession, withImages } from "./session.js";

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
  const features = async ({ source, loader }: Omit<ImageSession, "engine">, name: string) => {
    if (!source.labels)
      throw new DataError(`the ${name} images have no labels: kNN needs class folders or a labels file`);
    const embedded = await embedImages(engine, loader, recipe, weights, everyIndex(source.count));
    return { features: unitRows(embedded.features), labels: source.labels };
  };
  const train = await features(bank, "--data");
  const held = await withImages(test, flags, (images) => features(images, "--test"));
  const all = await knnClassify(train, held, { k, temperature, mostSimilar: await similarityOn(engine) });
  return { top1: all[0].top1, all, bankImages: train.labels.length, testImages: held.labels.length };
}
