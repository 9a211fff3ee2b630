/** Scores of a linear classifier, and how well they say what images show. */
import type { DenseArray, Matrix } from "../array.js";
import { DataError } from "../errors.js";
import { alone, gatherAll, type World } from "../world/index.js";
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

/**
 * @param world - the processes that hold scores and labels, of which this one gives its own; default: this one alone
 * @throws DataError if a label is no class of the scores
 */
export function rightShares({ shape, data }: Matrix, labels: Int32Array, world: World = alone): RightShares {
  const [count, classes] = shape;
  const unknown = labels.find((l) => l >= classes);
  if (unknown !== undefined)
    throw new DataError(
      "wrong-labels",
      `class ${unknown} of the test images is none of the ${classes} of the training images`,
    );
  const confusion = new Int32Array(classes * classes);
  const right = { first: 0, five: 0 };
  for (const [i, label] of labels.entries()) {
    const scores = data.subarray(i * classes, (i + 1) * classes);
    const predicted = scores.reduce((best, s, c) => (s > scores[best] ? c : best), 0);
    const better = scores.filter((s) => s > scores[label]).length;
    confusion[label * classes + predicted]++;
    if (predicted === label) right.first++;
    if (better < 5) right.five++;
  }
  world.reduce("sum", confusion);
  const sums = Int32Array.of(right.first, right.five, count);
  world.reduce("sum", sums);
  const [first, five, all] = sums;
  const rows = Array.from({ length: classes }, (_, c) => [...confusion.subarray(c * classes, (c + 1) * classes)]);
  return { top1: (100 * first) / all, top5: (100 * five) / all, confusion: rows };
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

/**
 * @param shown - [N, classes]: 1 shown, 0 not, −1 left out
 * @param world - the processes that hold scores and what is shown, of which this one gives its own; default: this one alone
 */
export function precisions(scores: Matrix, shown: DenseArray<Int8Array>, world: World = alone): MeanPrecisions {
  const { ap11, apAll } = averagePrecisions(allScores(scores, world), allShown(shown, world));
  const percent = (x: number): number => 100 * x;
  return {
    elevenPoint: percent(ap11.mean),
    allPoint: percent(apAll.mean),
    perClass: Array.from(apAll.perClass, (x) => (Number.isNaN(x) ? null : percent(x))),
  };
}

/** Scores of all processes' images: a precision is of all of them in order. */
function allScores({ shape: [, classes], data }: Matrix, world: World): Matrix {
  const all = gatherAll(world, data);
  return { shape: [all.length / classes, classes], data: all };
}

function allShown({ shape: [, classes], data }: DenseArray<Int8Array>, world: World): DenseArray<Int8Array> {
  const { buffer } = gatherAll(world, Uint8Array.from(data));
  const all = new Int8Array(buffer);
  return { shape: [all.length / classes, classes], data: all };
}
