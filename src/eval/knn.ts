/** Weighted nearest-neighbour classification, the usual first look at self-supervised features (Wu et al. 2018, section 3.4). */
import type { Matrix } from "../array.js";
import { DataError } from "../errors.js";
import { alone, gatherAll, sumOf } from "../world/index.js";
import { type BlockOptions, nearestNeighbours } from "./neighbours.js";

/** Features and what they are of; of several processes this one's. */
export interface LabelledFeatures {
  /** `[N, D]`, unit rows. */
  readonly features: Matrix;
  /** `[N]`, class ids from 0. */
  readonly labels: Int32Array;
}

/** How neighbours vote. */
export interface KnnOptions extends BlockOptions {
  /** How many neighbours vote; each gives a result. */
  readonly k: readonly number[];
  /** T: a neighbour's vote weighs exp(cosine / T); default 0.07, as the authors'. */
  readonly temperature?: number;
}

/** How many were right at one number of neighbours. */
export interface KnnResult {
  readonly k: number;
  /** Percent of test rows whose label has the most votes. */
  readonly top1: number;
  /** Percent of test rows whose label is among the five with the most votes (among all with a vote, if fewer). */
  readonly top5: number;
  /** `[test rows]`: the label with the most votes, the lower one on a tie; of several processes for this one's rows. */
  readonly predictions: Int32Array;
}

/**
 * Each test row's `k` most similar training rows vote for their labels with weight exp(cosine / T). Exact; similarities are
 * computed in blocks.
 *
 * @returns one result for each k, in order
 * @throws UsageError if a k is not in 1..training rows; DataError if labels and rows differ in number or a label is negative
 */
export async function knnClassify(
  train: LabelledFeatures,
  test: LabelledFeatures,
  { k: counts, temperature = 0.07, world = alone, ...blocks }: KnnOptions,
): Promise<readonly KnnResult[]> {
  requireLabels(train, "training", sumOf(world, train.labels.length));
  const tested = sumOf(world, test.labels.length);
  requireLabels(test, "test", tested);
  const labels = gatherAll(world, train.labels);
  const most = Math.max(...counts);
  const { ids, similarity } = await nearestNeighbours(test.features, train.features, most, { ...blocks, world });
  const rows = test.labels.length;
  return counts.map((k) => {
    const predictions = new Int32Array(rows);
    let first = 0;
    let amongFive = 0;
    for (let row = 0; row < rows; row++) {
      const from = row * most;
      const votes = new Map<number, number>();
      for (let at = from; at < from + k; at++) {
        const label = labels[ids[at]];
        // Relative to the best neighbour's vote, which cannot overflow: ranks stay the same.
        const weight = Math.exp((similarity[at] - similarity[from]) / temperature);
        votes.set(label, (votes.get(label) ?? 0) + weight);
      }
      const ranked = [...votes].sort(([a, u], [b, v]) => v - u || a - b).map(([label]) => label);
      predictions[row] = ranked[0];
      if (ranked[0] === test.labels[row]) first++;
      if (ranked.slice(0, 5).includes(test.labels[row])) amongFive++;
    }
    const right = Int32Array.of(first, amongFive);
    world.reduce("sum", right);
    return { k, top1: (100 * right[0]) / tested, top5: (100 * right[1]) / tested, predictions };
  });
}

/** @param all - rows of all processes */
function requireLabels({ features, labels }: LabelledFeatures, name: string, all: number): void {
  const rows = features.shape[0] ?? 0;
  if (rows !== labels.length) {
    throw new DataError(
      "wrong-length",
      `kNN: ${rows} ${name} features and ${labels.length} labels. Give one label for each row.`,
    );
  }
  if (all === 0) throw new DataError("too-few", `kNN: there are no ${name} features. Give at least one.`);
  const negative = labels.findIndex((label) => label < 0);
  if (negative >= 0)
    throw new DataError("wrong-labels", `kNN: ${name} label ${negative} is ${labels[negative]}. Class ids start at 0.`);
}
