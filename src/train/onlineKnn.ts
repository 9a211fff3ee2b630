/** Accuracy on the training images themselves, from embeddings that training has at hand. */
import type { Matrix } from "../array.js";
import { type Engine, similarityOn } from "../engine/index.js";
import { knnClassify, type LabelledFeatures } from "../eval/index.js";
import { heldOut } from "../heldOut.js";
import { alone, countsOf, type World } from "../world/index.js";

/**
 * Top-1 kNN accuracy in percent: a fifth of the labelled images, at most 2,000, drawn by seed and class, classified by the rest.
 *
 * @param embeddings - unit rows [N, D]; of several processes this one's, each consecutive rows, process 0 the first
 * @param labels - [N] of all, below 0 where an image has none; null where the set has none
 * @param world - those processes; default: this one alone
 * @returns undefined with fewer than 10 labelled images
 */
export async function onlineKnn(
  engine: Engine,
  embeddings: Matrix,
  labels: Int32Array | null,
  seed: number,
  world: World = alone,
): Promise<number | undefined> {
  const rows = labels ? Int32Array.from(labels.keys()).filter((i) => labels[i] >= 0) : new Int32Array();
  if (!labels || rows.length < 10) return undefined;
  const share = Math.min(1 / 5, 2000 / rows.length);
  const { held, rest } = heldOut(
    rows.length,
    rows.map((i) => labels[i]),
    share,
    seed,
  );
  if (held.length === 0) return undefined; // every class has one image
  const { from } = countsOf(world, embeddings.shape[0]);
  const [bank, asked] = [rest, held].map((part) =>
    rowsOf(
      embeddings,
      labels.subarray(from, from + embeddings.shape[0]),
      Array.from(part, (at) => rows[at] - from).filter((row) => row >= 0 && row < embeddings.shape[0]),
    ),
  );
  const options = { k: [Math.min(20, rest.length)], mostSimilar: await similarityOn(engine), world };
  const [{ top1 }] = await knnClassify(bank, asked, options);
  return top1;
}

function rowsOf({ shape: [, width], data }: Matrix, labels: Int32Array, rows: readonly number[]): LabelledFeatures {
  const chosen = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) chosen.set(data.subarray(row * width, (row + 1) * width), at * width);
  return { features: { shape: [rows.length, width], data: chosen }, labels: Int32Array.from(rows, (r) => labels[r]) };
}
