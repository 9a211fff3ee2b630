/** What an encoder starts from, of a file of weights. */
import { resolve } from "node:path";
import type { Weights } from "../encoder/index.js";
import { encoderSettings } from "../programs/index.js";
import type { Recipe } from "../recipe/index.js";
import type { InitialWeights } from "../train/index.js";
import { fitWeights, type OpenedWeights } from "../weights/index.js";

export interface Initial {
  /** What a run tells of it. */
  readonly told: InitialWeights;
  /** Tensors by torchvision or timm name. */
  readonly weights: Weights;
}

/**
 * A file's weights as those of a recipe's encoder.
 *
 * @param partial - whether what does not fit is left out
 * @throws CheckpointError if they do not fit
 */
export function initialOf(opened: OpenedWeights, recipe: Recipe, partial: boolean): Initial {
  const { weights, report } = fitWeights(opened, encoderSettings(recipe.encoder), partial);
  return { told: { file: resolve(opened.path), sha256: opened.sha256, partial, report }, weights };
}
