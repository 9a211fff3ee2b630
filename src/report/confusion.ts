/** Which classes are taken for which: kNN of some of the images among the others. */
import type { Matrix } from "../array.js";
import { gatherRows } from "../cluster/index.js";
import { knnClassify, type LabelledFeatures, type MostSimilar } from "../eval/index.js";
import { heldOut } from "../heldOut.js";
import type { Confusion } from "./data.js";
import type { Labels } from "./tree.js";

const votes = 20;
/** Of a table for more classes nobody could read a cell, and it would fill the page. */
const mostClasses = 1000;

/**
 * A fifth of the labelled images, drawn by seed and class, classified by the rest.
 *
 * @param features - [N, D], unit rows
 * @returns null where no image can be held out, or with more than 1,000 classes
 */
export async function confusionOf(
  features: Matrix,
  { ids: labels, classes }: Labels,
  seed: number,
  mostSimilar: MostSimilar,
): Promise<Confusion | null> {
  const known = Int32Array.from(labels.keys()).filter((i) => labels[i] >= 0);
  if (classes > mostClasses) return null;
  const { held, rest } = heldOut(
    known.length,
    known.map((i) => labels[i]),
    1 / 5,
    seed,
  );
  if (held.length === 0) return null;
  const of = (places: Int32Array): LabelledFeatures => {
    const rows = places.map((place) => known[place]);
    return { features: gatherRows(features, rows), labels: rows.map((row) => labels[row]) };
  };
  const [test, bank] = [of(held), of(rest)];
  const k = Math.min(votes, bank.labels.length);
  const [{ top1, predictions }] = await knnClassify(bank, test, { k: [k], mostSimilar });
  const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  for (const [i, label] of test.labels.entries()) counts[label][predictions[i]]++;
  return { k, top1, counts };
}
