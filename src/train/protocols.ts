/** How the authors train classifiers to evaluate an encoder. */

import { type ScheduleSettings, stretched } from "../optim/index.js";
import type { ClassifierSettings } from "../programs/index.js";

/** How a classifier learns. */
export interface Protocol {
  readonly trains: ClassifierSettings["trains"];
  readonly epochs: number;
  /** If there are fewer images, all are one batch. */
  readonly batchSize: number;
  readonly headRate: number;
  readonly backboneRate: number;
  readonly schedule: ScheduleSettings;
}

const tenthAt = (...milestones: readonly number[]): ScheduleSettings => ({
  kind: "step",
  warmupEpochs: 0,
  milestones,
  gamma: 0.1,
});

/**
 * The authors' settings (their repository's defaults): momentum 0.9, no weight decay.
 */
export const protocols = {
  /** `eval_lincls_imagenet`. */
  linear: {
    trains: "head",
    epochs: 100,
    batchSize: 256,
    headRate: 5,
    backboneRate: 0,
    schedule: tenthAt(60, 80),
  },
  /** `eval_lincls_places`. */
  transfer: {
    trains: "head",
    epochs: 100,
    batchSize: 256,
    headRate: 3,
    backboneRate: 0,
    schedule: tenthAt(60, 80),
  },
  /** `voc_cls`, whose loss is the sum over a batch of 16 at rate 0.05: here the mean at 0.8, and one cosine instead of its eight. */
  severalLabels: {
    trains: "head",
    epochs: 100,
    batchSize: 16,
    headRate: 0.8,
    backboneRate: 0,
    schedule: { kind: "cosine", warmupEpochs: 0 },
  },
  /** `eval_semisup`. */
  fineTuning: {
    trains: "whole",
    epochs: 70,
    batchSize: 256,
    headRate: 0.02,
    backboneRate: 0.005,
    schedule: tenthAt(30, 60),
  },
} as const satisfies Record<string, Protocol>;

/** The milestones of a schedule moved along with the number of epochs. */
export const inEpochs = (protocol: Protocol, epochs: number): Protocol => ({
  ...protocol,
  epochs,
  schedule: stretched(protocol.schedule, protocol.epochs, epochs),
});
