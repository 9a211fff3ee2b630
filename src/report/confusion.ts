/** Which classes are taken for which: kNN of some of the images among the others. */
import type { Matrix } from "../array.js";
import { gatherRows } from "../cluster/index.js";
import { knnClassify, type LabelledFeatures, type MostSimilar } from "../eval/index.js";
import { permutation, random } from "../random.js";
import type { Confusion } from "./data.js";
import { purpose } from "./draws.js";
import type { Labels } from "./tree.js";

const votes = 20;
/** Of a table for more classes nobody could read a cell, and it would fill the page. */
const mostClasses = 1000;

/**
 * A fifth of the images, drawn by seed, classified by the rest.
 *
 * @param features - [N, D], unit rows
 * @returns null with fewer than 5 images, or more than 1,000 classes
 */
export async function confusionOf(
  features: Matrix,
  { ids: labels, classes }: Labels,
  seed: number,
  mostSimilar: MostSimilar,
): Promise<Confusion | null> {
  const held = Math.floor(labels.length / 5);
  if (held === 0 || classes > mostClasses) return null;
  const order = permutation(labels.length, random(seed, purpose.held));
  const of = (rows: Int32Array): LabelledFeatures => ({
    features: gatherRows(features, rows),
    labels: rows.map((row) => labels[row]),
  });
  const [test, bank] = [of(order.slice(0, held)), of(order.slice(held))];
  const k = Math.min(votes, bank.labels.length);
  const [{ top1, predictions }] = await knnClassify(bank, test, { k: [k], mostSimilar });
  const counts = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  for (const [i, label] of test.labels.entries()) counts[label][predictions[i]]++;
  return { k, top1, counts };
}
