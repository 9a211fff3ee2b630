/** Scores of a linear classifier, and how well they say what images show. */
import type { DenseArray, Matrix } from "../array.js";
import { DataError } from "../errors.js";
import { averagePrecisions } from "./averagePrecision.js";

/** Weights and biases of a linear classifier. */
export interface LinearClassifier {
  /** W [classes, width] then the bias [classes]. */
  readonly parameters: Float64Array | Float32Array;
  readonly classes: number;
}

/** Scores [N, classes] of features [N, width]: x·Wᵀ + b. */
export function classScores({ parameters, classes }: LinearClassifier, { shape, data }: Matrix): Matrix {
  const [count, width] = shape;
  const scores = new Float32Array(count * classes);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < classes; c++) {
      let score = parameters[classes * width + c];
      for (let j = 0; j < width; j++) score += parameters[c * width + j] * data[i * width + j];
      scores[i * classes + c] = score;
    }
  }
  return { shape: [count, classes], data: scores };
}

/** Shares of images that were classified right, in percent. */
export interface RightShares {
  /** Percent of images whose class has the highest score; of equal scores the lower class. */
  readonly top1: number;
  /** Percent of images with fewer than five classes of a higher score than their own. */
  readonly top5: number;
  /** [true class][predicted class] counts. */
  readonly confusion: readonly (readonly number[])[];
}

/** @throws DataError if a label is no class of the scores */
export function rightShares({ shape, data }: Matrix, labels: Int32Array): RightShares {
  const [count, classes] = shape;
  const unknown = labels.find((l) => l >= classes);
  if (unknown !== undefined)
    throw new DataError(
      "wrong-labels",
      `class ${unknown} of the test images is none of the ${classes} of the training images`,
    );
  const confusion = Array.from({ length: classes }, () => Array<number>(classes).fill(0));
  let [first, five] = [0, 0];
  for (const [i, label] of labels.entries()) {
    const scores = data.subarray(i * classes, (i + 1) * classes);
    const predicted = scores.reduce((best, s, c) => (s > scores[best] ? c : best), 0);
    const better = scores.filter((s) => s > scores[label]).length;
    confusion[label][predicted]++;
    if (predicted === label) first++;
    if (better < 5) five++;
  }
  return { top1: (100 * first) / count, top5: (100 * five) / count, confusion };
}

/** Mean average precisions over classes, in percent. */
export interface MeanPrecisions {
  /** VOC2007's: at recalls 0, 0.1, …, 1. */
  readonly elevenPoint: number;
  /** VOC2010's on: the area under the envelope. */
  readonly allPoint: number;
  /** All-point, of each class; null where no image shows it. */
  readonly perClass: readonly (number | null)[];
}

/** @param shown - [N, classes]: 1 shown, 0 not, −1 left out */
export function precisions(scores: Matrix, shown: DenseArray<Int8Array>): MeanPrecisions {
  const { ap11, apAll } = averagePrecisions(scores, shown);
  const percent = (x: number): number => 100 * x;
  return {
    elevenPoint: percent(ap11.mean),
    allPoint: percent(apAll.mean),
    perClass: Array.from(apAll.perClass, (x) => (Number.isNaN(x) ? null : percent(x))),
  };
}
