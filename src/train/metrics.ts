/** The lines of `metrics.jsonl`, and the numbers that tell a newcomer whether training goes well. */

export interface StepMetric {
  readonly kind: "step";
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  /** The terms of the loss, in the order of `hcscLoss`. */
  readonly terms: readonly number[];
  readonly learningRate: number;
  readonly gradientNorm: number;
  /** ‖mean embedding‖ of the batch: 1 means all images have one embedding. */
  readonly concentration: number;
  /** Share of queue keys kept as negatives, by level; absent in warm-up. */
  readonly instanceKept?: readonly number[];
  /** Share of candidate prototypes kept, by level; absent in warm-up. */
  readonly prototypeKept?: readonly number[];
}

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

/** ln(1 + Q), the loss of chance for one positive among Q negatives. */
export const chanceLoss = (queue: number): number => Math.log(1 + queue);

/** Above this mean cosine the embeddings have all but collapsed to a point. */
export const collapseCosine = 0.95;

/** Seconds left at a pace that forgets old steps slowly. */
export class Pace {
  private secondsPerStep: number | null = null;

  observe(seconds: number): void {
    this.secondsPerStep = this.secondsPerStep === null ? seconds : 0.95 * this.secondsPerStep + 0.05 * seconds;
  }

  remaining(steps: number): number {
    return steps * (this.secondsPerStep ?? 0);
  }
}
