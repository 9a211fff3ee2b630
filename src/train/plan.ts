/** What a recipe and a number of images fix for the whole run, and where in the run a step stands. */

import { elements } from "../array.js";
import { DataError, said, UsageError } from "../errors.js";
import { scheduleFactor } from "../optim/index.js";
import { encoderSpecs, type StepSettings, stepSettings } from "../programs/index.js";
import { type Recipe, scaledLearningRate } from "../recipe/index.js";
import type { Position } from "./checkpoint.js";

export interface Plan {
  readonly recipe: Recipe;
  readonly settings: StepSettings;
  /** Images in an update. */
  readonly imagesPerStep: number;
  /** Updates in an epoch. */
  readonly stepsPerEpoch: number;
  /** Batches in an epoch: those of whole updates. */
  readonly batchesPerEpoch: number;
}

/**
 * @param processes - how many share each batch; default 1
 * @throws DataError if the images do not fill one update; UsageError if the batch's parts cannot be shared among the processes
 */
export function planOf(recipe: Recipe, images: number, processes = 1): Plan {
  requireShares(recipe, processes);
  const imagesPerStep = recipe.batchSize * recipe.accumulation;
  const stepsPerEpoch = Math.floor(images / imagesPerStep);
  if (stepsPerEpoch === 0)
    throw new DataError(
      "too-few",
      said`the data holds ${images} images, an update takes ${imagesPerStep}: give more images or a smaller ${{ field: "batchSize" }}`,
    );
  return {
    recipe,
    settings: stepSettings(recipe),
    imagesPerStep,
    stepsPerEpoch,
    batchesPerEpoch: stepsPerEpoch * recipe.accumulation,
  };
}

/** How many numbers of the encoder gradients move. */
export const parametersOf = ({ settings }: Plan): number =>
  encoderSpecs(settings.encoder)
    .filter((s) => s.trainable)
    .reduce((n, s) => n + elements(s.shape), 0);

/** The position after the batch at `position`, within its epoch. */
export function advanced({ recipe }: Plan, position: Position): Position {
  const { accumulation, batchSize, method } = recipe;
  const batch = position.batch + 1;
  return {
    epoch: position.epoch,
    batch,
    step: position.step + (batch % accumulation === 0 ? 1 : 0),
    enqueued: (position.enqueued + batchSize) % method.queue,
  };
}

/** How many batches of the run come before the one at a position. */
export function batchNumber({ batchesPerEpoch }: Plan, { epoch, batch }: Position): number {
  return epoch * batchesPerEpoch + batch;
}

/** The learning rate of the batch at a position: the schedule moves with every batch. */
export function learningRate({ recipe, batchesPerEpoch }: Plan, { epoch, batch }: Position): number {
  return scaledLearningRate(recipe) * scheduleFactor(recipe.schedule, epoch + batch / batchesPerEpoch, recipe.epochs);
}

/** BatchNorm's parts of a batch are each one process's, so that any number of processes gives the same numbers. */
function requireShares({ encoder }: Recipe, processes: number): void {
  if (processes === 1) return;
  for (const field of ["querySubBatches", "keySubBatches"] as const)
    if (encoder[field] % processes !== 0)
      throw new UsageError(
        "contradiction",
        said`${processes} processes cannot share the ${encoder[field]} parts of a batch that BatchNorm sees apart (${{ field: `encoder.${field}` }}): start as many as divide it, or a new run with ${processes} or a multiple`,
        { settings: ["set"] },
      );
}
