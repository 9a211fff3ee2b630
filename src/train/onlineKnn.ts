/** Accuracy on the training images themselves, from embeddings that training has at hand. */
import type { Matrix } from "../array.js";
import { knnClassify, type LabelledFeatures } from "../eval/index.js";
import { type Engine, similarityOn } from "../runtime/index.js";

/**
 * Top-1 kNN accuracy in percent: a fifth of the images, at most 2,000, classified by the rest.
 *
 * @param embeddings - unit rows [N, D]
 * @param labels - [N], or null where the set has none
 * @returns undefined without labels, or with fewer than 10 images
 */
export async function onlineKnn(
  engine: Engine,
  embeddings: Matrix,
  labels: Int32Array | null,
): Promise<number | undefined> {
  if (!labels || labels.length < 10) return undefined;
  const every = Math.max(5, Math.ceil(labels.length / 2000));
  const rows = Array.from(labels.keys());
  const bank = rowsOf(
    embeddings,
    labels,
    rows.filter((i) => i % every !== 0),
  );
  const held = rowsOf(
    embeddings,
    labels,
    rows.filter((i) => i % every === 0),
  );
  const options = { k: [Math.min(20, bank.labels.length)], mostSimilar: await similarityOn(engine) };
  const [{ top1 }] = await knnClassify(bank, held, options);
  return top1;
}

function rowsOf({ shape: [, width], data }: Matrix, labels: Int32Array, rows: readonly number[]): LabelledFeatures {
  const chosen = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries()) chosen.set(data.subarray(row * width, (row + 1) * width), at * width);
  return { features: { shape: [rows.length, width], data: chosen }, labels: Int32Array.from(rows, (r) => labels[r]) };
}
