/**
 * A linear classifier on frozen features: multinomial logistic regression, its strength of regularisation chosen on a part of
 * the training images that is held back. The objective is scikit-learn's: C·Σ cross-entropy + ½‖W‖², the bias left free.
 */
import type { Matrix } from "../array.js";
import { gatherRows } from "../cluster/index.js";
import { DataError } from "../errors.js";
import { permutation, random } from "../random.js";
import type { LabelledFeatures } from "./knn.js";
import { minimise, type Objective } from "./lbfgs.js";

/**
 * Mean cross-entropy + decay/2·‖W‖² of a classifier on features, with its gradient: of W [classes, width] then the bias
 * [classes], in one vector. Injected, so that a graph computes it.
 */
export type LogisticObjective = (features: LabelledFeatures, classes: number, decay: number) => Promise<Objective>;

export interface LinearClassifier {
  /** W then the bias, as the objective has them. */
  readonly parameters: Float64Array;
  readonly classes: number;
  /** scikit-learn's C. */
  readonly strength: number;
  readonly iterations: number;
  readonly converged: boolean;
}

export interface LinearOptions {
  readonly objective: LogisticObjective;
  /** Values of C tried; one alone is taken as it is. */
  readonly strengths: readonly number[];
  /** Of the part held back. */
  readonly seed: number;
}

export interface LinearResult {
  /** Percent. */
  readonly top1: number;
  readonly top5: number;
  /** [true class][predicted class] counts. */
  readonly confusion: readonly (readonly number[])[];
  readonly classifier: LinearClassifier;
  /** Accuracy on the part held back, in percent, of every strength tried. */
  readonly tried: readonly { readonly strength: number; readonly top1: number }[];
}

/** One image of so many is held back to choose the strength. */
const heldBack = 5;

/**
 * Fits on `train`, measures on `test`.
 *
 * @throws DataError if a test label is no class of the training images, or there is one class only
 */
export async function linearProbe(
  train: LabelledFeatures,
  test: LabelledFeatures,
  { objective, strengths, seed }: LinearOptions,
): Promise<LinearResult> {
  const classes = 1 + train.labels.reduce((m, l) => Math.max(m, l), 0);
  if (new Set(train.labels).size < 2)
    throw new DataError("a linear classifier needs training images of two classes at least");
  const unknown = test.labels.find((l) => l >= classes);
  if (unknown !== undefined)
    throw new DataError(`class ${unknown} of the test images is none of the ${classes} of the training images`);
  const tried: { strength: number; top1: number }[] = [];
  if (strengths.length > 1) {
    const order = permutation(train.labels.length, random(seed));
    const cut = Math.floor(order.length / heldBack);
    const [held, kept] = [order.subarray(0, cut), order.subarray(cut)].map((rows) => rowsOf(train, rows));
    for (const strength of strengths) {
      const fitted = await trainedOn(kept, classes, strength, objective);
      tried.push({ strength, top1: measured(fitted, held).top1 });
    }
  }
  const best = tried.reduce((a, b) => (b.top1 > a.top1 ? b : a), tried[0] ?? { strength: strengths[0], top1: 0 });
  const classifier = await trainedOn(train, classes, best.strength, objective);
  return { ...measured(classifier, test), classifier, tried };
}

async function trainedOn(
  features: LabelledFeatures,
  classes: number,
  strength: number,
  objective: LogisticObjective,
): Promise<LinearClassifier> {
  const [count, width] = features.features.shape;
  const f = await objective(features, classes, 1 / (strength * count));
  const { x, iterations, converged } = await minimise(f, new Float64Array(classes * (width + 1)));
  return { parameters: x, classes, strength, iterations, converged };
}

function measured(
  { parameters, classes }: LinearClassifier,
  { features, labels }: LabelledFeatures,
): Pick<LinearResult, "top1" | "top5" | "confusion"> {
  const confusion = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  let [first, five] = [0, 0];
  for (const [i, label] of labels.entries()) {
    const scores = scoresOf(parameters, classes, features, i);
    const predicted = scores.indexOf(Math.max(...scores));
    const better = scores.filter((s) => s > scores[label]).length;
    confusion[label][predicted]++;
    if (predicted === label) first++;
    if (better < 5) five++;
  }
  const percent = (n: number) => (100 * n) / labels.length;
  return { top1: percent(first), top5: percent(five), confusion };
}

function scoresOf(parameters: Float64Array, classes: number, { shape, data }: Matrix, row: number): number[] {
  const width = shape[1];
  return Array.from({ length: classes }, (_, c) => {
    let score = parameters[classes * width + c];
    for (let j = 0; j < width; j++) score += parameters[c * width + j] * data[row * width + j];
    return score;
  });
}

const rowsOf = ({ features, labels }: LabelledFeatures, rows: Int32Array): LabelledFeatures => ({
  features: gatherRows(features, rows),
  labels: Int32Array.from(rows, (i) => labels[i]),
});
