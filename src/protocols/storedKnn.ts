/** What storing weights in fewer bits costs: kNN accuracy of an encoder as it is, and of what each form makes of it. */

import type { OpenImages } from "../data/index.js";
import type { Encoder, StoredAccuracy } from "../encoder/index.js";
import { asStored, type StoredForm } from "../programs/index.js";
import { knnAccuracy } from "./knn.js";
import type { Opening } from "./opening.js";

/**
 * @param bank - labelled images that vote
 * @param openTest - opens those to classify
 * @param forms - beside float32
 */
export async function storedKnn(
  encoder: Encoder,
  bank: OpenImages,
  openTest: Opening,
  forms: readonly StoredForm[],
): Promise<StoredAccuracy> {
  const { all, top1, bankImages, testImages } = await knnAccuracy(encoder, bank, openTest);
  const stored: [StoredForm, number][] = [];
  for (const form of forms) {
    const weights = asStored(encoder.weights, form);
    stored.push([form, (await knnAccuracy({ ...encoder, weights }, bank, openTest)).top1]);
  }
  return { k: all[0].k, top1: { fp32: top1, ...Object.fromEntries(stored) }, bankImages, testImages };
}
