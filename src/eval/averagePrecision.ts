/**
 * Average precision of multi-label scores, by the three definitions in use, and the authors' figure, which is none of them.
 * Everything is ranked by falling score; of equal scores the earlier row (class) first. What is left out (a target of −1, as
 * VOC's difficult objects) has no rank: it counts neither for nor against a class.
 */
import type { DenseArray, Matrix } from "../array.js";
import { DataError, ShapeError, said } from "../errors.js";

/** For each class, and the mean over classes that have a positive; a class without has NaN. */
export interface ClassPrecisions {
  /** `[C]`, 0..1. */
  readonly perClass: Float64Array;
  readonly mean: number;
}

/** Average precision of several classes, and their mean. */
export interface AveragePrecisions {
  /** VOC2007: mean over recall t = 0, 0.1, …, 1 of the highest precision at recall ≥ t. */
  readonly ap11: ClassPrecisions;
  /** VOC2010 on: area under the precision envelope. */
  readonly apAll: ClassPrecisions;
  /** scikit-learn's: mean of the precision at each positive. */
  readonly apStep: ClassPrecisions;
  /** The authors' `get_ap_score`: the step precision of each image over its classes, averaged over images with a positive. */
  readonly sampleAp: number;
}

type TargetData = Int32Array | Int8Array | Uint8Array;

/**
 * @param scores - `[N, C]`, finite
 * @param targets - `[N, C]`, 1 where image n shows class c, 0 where not, −1 where that is left out
 * @throws ShapeError if the shapes differ; DataError if nothing is positive or a score is not finite
 */
export function averagePrecisions(scores: Matrix, targets: DenseArray<TargetData>): AveragePrecisions {
  const [images = 0, classes = 0] = scores.shape;
  if (targets.data.length !== scores.data.length || targets.shape[1] !== classes) {
    throw new ShapeError(
      "wrong-shape",
      said`average precision: scores are ${{ shape: scores.shape }}, targets ${{ neededShape: targets.shape }}. Give one target for each score.`,
    );
  }
  const odd = scores.data.findIndex((score) => !Number.isFinite(score));
  if (odd >= 0) {
    throw new DataError(
      "not-finite",
      `average precision: the score of image ${Math.floor(odd / classes)} for class ${odd % classes} is ${scores.data[odd]}. Scores must be finite.`,
    );
  }
  const ofClass = Array.from({ length: classes }, (_, c) => curve(scores, targets.data, c, classes, images));
  const ofImage = Array.from({ length: images }, (_, n) => curve(scores, targets.data, n * classes, 1, classes));
  if (ofClass.every((precision) => precision.length === 0)) {
    throw new DataError("too-few", "average precision: no target is 1. Give at least one positive.");
  }
  const by = (measure: (precision: Float64Array) => number): ClassPrecisions => {
    const perClass = Float64Array.from(ofClass, measure);
    return { perClass, mean: meanOf(perClass) };
  };
  return {
    ap11: by(elevenPoint),
    apAll: by((precision) => meanOf(envelope(precision))),
    apStep: by(meanOf),
    sampleAp: meanOf(Float64Array.from(ofImage, meanOf)),
  };
}

/**
 * The precision at each positive, by rank, of `count` scores from `from` on, `stride` apart. At the k-th of P positives the
 * recall is k/P: these points are all there is of the curve.
 */
function curve(scores: Matrix, targets: TargetData, from: number, stride: number, count: number): Float64Array {
  const order = Int32Array.from({ length: count }, (_, i) => from + i * stride).filter((at) => targets[at] >= 0);
  order.sort((a, b) => scores.data[b] - scores.data[a] || a - b);
  const precision: number[] = [];
  order.forEach((at, rank) => {
    if (targets[at] > 0) precision.push((precision.length + 1) / (rank + 1));
  });
  return Float64Array.from(precision);
}

/** The highest precision at each recall or any above. */
function envelope(precision: Float64Array): Float64Array {
  const highest = precision.slice();
  for (let k = highest.length - 2; k >= 0; k--) highest[k] = Math.max(highest[k], highest[k + 1]);
  return highest;
}

/** Mean of the envelope at recalls 0, 0.1, …, 1; NaN without positives. */
function elevenPoint(precision: Float64Array): number {
  const positives = precision.length;
  if (positives === 0) return Number.NaN;
  const highest = envelope(precision);
  let sum = 0;
  for (let tenth = 0; tenth <= 10; tenth++) {
    sum += highest[Math.max(1, Math.ceil((tenth * positives) / 10)) - 1]; // the first k with k/P ≥ tenth/10
  }
  return sum / 11;
}

/** The mean of the numbers that are not NaN; NaN if there are none. */
function meanOf(values: Float64Array): number {
  const numbers = values.filter((value) => !Number.isNaN(value));
  return numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
}
