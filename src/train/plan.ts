/** What a recipe and a number of images fix for the whole run, and where in the run a step stands. */

import { DataError, said } from "../errors.js";
import { scheduleFactor } from "../optim/index.js";
import { type StepSettings, stepSettings } from "../programs/index.js";
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

/** @throws DataError if the images do not fill one update */
export function planOf(recipe: Recipe, images: number): Plan {
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
