/** The lines of `metrics.jsonl`, and the numbers that tell a newcomer whether training goes well. */
import type { DenseArray } from "../array.js";
import { type Program, results } from "../programs/index.js";

/** The numbers of a step, a line of `metrics.jsonl`. */
export interface StepMetric {
  readonly kind: "step";
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  /** The terms of the loss, in the order of `hcscLoss`. */
  readonly terms: readonly number[];
  readonly learningRate: number;
  /**
   * Of all gradients together: of the last batch's where several make an update, but of the whole update's where several processes
   * train; not finite (null in the file) where float16 overflowed and the update was left out.
   */
  readonly gradientNorm: number;
  /** Float16 only: what the loss was multiplied by. */
  readonly lossScale?: number;
  /** ‖mean embedding‖ of the batch: 1 means all images have one embedding. */
  readonly meanEmbeddingNorm: number;
  /** Share of queue keys kept as negatives, by level; absent in warm-up. */
  readonly instanceKept?: readonly number[];
  /** Share of candidate prototypes kept, by level; absent in warm-up. */
  readonly prototypeKept?: readonly number[];
}

/** The numbers of an epoch, a line of `metrics.jsonl`. */
export interface EpochMetric {
  readonly kind: "epoch";
  readonly step: number;
  readonly epoch: number;
  /** Mean over the epoch's steps. */
  readonly loss: number;
  /** ln(1 + Q): InfoNCE of embeddings that tell nothing apart. */
  readonly chanceLoss: number;
  readonly seconds: number;
  readonly clusterSeconds: number;
  readonly imagesPerSecond: number;
  /** Share of time that steps waited for images. */
  readonly waitingShare: number;
  /** Prototypes of each level, and the images of the smallest and largest cluster. */
  readonly clusters?: readonly number[];
  readonly clusterSizes?: readonly (readonly [number, number])[];
  /** Mean cosine between two images' embeddings, before this epoch. */
  readonly meanCosine?: number;
  /** Top-1 kNN accuracy in percent of a fifth of the labelled training images against the rest, before this epoch. */
  readonly onlineKnn?: number;
  readonly brokenImages: number;
}

/** What a metric holds of a step's results. */
export const measured: readonly string[] = [
  results.loss,
  results.terms,
  results.gradientNorm,
  results.meanEmbeddingNorm,
  results.instanceKept,
  results.prototypeKept,
  results.scale,
];

/** The outputs of a program that a metric holds. */
export const stepOutputs = (program: Program): readonly string[] =>
  measured.filter((name) => program.outputs.includes(name));

/** The metric of a step from `stepOutputs`. */
export function stepMetric(
  out: Readonly<Record<string, DenseArray>>,
  at: Pick<StepMetric, "step" | "epoch" | "learningRate">,
): StepMetric {
  const numbers = (name: string) => Array.from(out[name].data as Float32Array);
  return {
    kind: "step",
    ...at,
    loss: numbers(results.loss)[0],
    terms: numbers(results.terms),
    gradientNorm: numbers(results.gradientNorm)[0],
    meanEmbeddingNorm: numbers(results.meanEmbeddingNorm)[0],
    ...(out[results.scale] ? { lossScale: numbers(results.scale)[0] } : {}),
    ...(out[results.instanceKept] ? { instanceKept: numbers(results.instanceKept) } : {}),
    ...(out[results.prototypeKept] ? { prototypeKept: numbers(results.prototypeKept) } : {}),
  };
}

/** NaN for an empty list. */
export const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** ln(1 + Q), the loss of chance for one positive among Q negatives. */
export const chanceLoss = (queue: number): number => Math.log(1 + queue);

/** Whether training can go on: the numbers are finite, or float16 overflowed and a smaller loss scale may help. */
export const isSound = ({ loss, gradientNorm, lossScale = 0 }: StepMetric): boolean =>
  Number.isFinite(loss) && (Number.isFinite(gradientNorm) || lossScale > 1);

/** Above this mean cosine the embeddings have almost collapsed to a point. */
export const collapseCosine = 0.95;

/** Seconds left, by an average that forgets old steps slowly, and the first, in which sessions are made and images decoded, at once. */
export class Pace {
  private secondsPerStep = 0;
  private observed = 0;

  observe(seconds: number): void {
    const share = this.observed < 2 ? 1 : 0.05;
    this.secondsPerStep += share * (seconds - this.secondsPerStep);
    this.observed++;
  }

  remaining(steps: number): number {
    return steps * this.secondsPerStep;
  }
}
