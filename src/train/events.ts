/** What training and the work around it tell whoever listens: a terminal, a log, a page. Numbers rather than sentences. */
import type { Matrix } from "../array.js";
import type { Decoded } from "../data/index.js";
import type { Advice } from "../errors.js";
import type { EpochMetric, StepMetric } from "./metrics.js";

/** What happens, by `kind`. */
export type TrainEvent =
  | {
      readonly kind: "start";
      readonly run: string;
      readonly images: number;
      readonly stepsPerEpoch: number;
      readonly epochs: number;
      readonly provider: string;
      readonly parameters: number;
      readonly resumedAt: number | null;
    }
  | { readonly kind: "embed"; readonly done: number; readonly total: number }
  /**
   * The images' embeddings by the key encoder, unit rows, before the epoch that begins after `step` updates; of several processes those
   * of this one's images.
   */
  | { readonly kind: "embedded"; readonly step: number; readonly embeddings: Matrix }
  | { readonly kind: "cluster"; readonly epoch: number; readonly seconds: number; readonly counts: readonly number[] }
  | {
      readonly kind: "step";
      readonly metric: StepMetric;
      readonly imagesPerSecond: number;
      readonly waitingShare: number;
      readonly remainingSeconds: number;
    }
  | { readonly kind: "epoch"; readonly metric: EpochMetric }
  /** Training was asked to stop: at most this many steps are still waited for. */
  | { readonly kind: "stopping"; readonly steps: number }
  /** Once, after the first epoch, if decoded images are kept. */
  | { readonly kind: "kept"; readonly decoded: Decoded }
  | ({ readonly kind: "warning" } & Advice)
  /** What was chosen, and why. */
  | ({ readonly kind: "note" } & Advice)
  /** How far other work than training is. */
  | { readonly kind: "progress"; readonly stage: string; readonly done: number; readonly total: number }
  | { readonly kind: "checkpoint"; readonly file: string };

/** Is told events as they happen, in the thread that trains: it should return soon. */
export type Reporter = (event: TrainEvent) => void;
