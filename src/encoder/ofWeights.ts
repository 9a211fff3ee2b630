/** An encoder of weights from elsewhere, as they are. */
import { encoderSettings, initialEncoder } from "../programs/index.js";
import { type FitReport, fitWeights, openWeights, recipeOfWeights } from "../weights/index.js";
import type { Encoder } from "./embeddings/index.js";

/**
 * @param file - of PyTorch, safetensors, ONNX, or a Hugging Face folder
 * @param size - side of the images in pixels; default as the folder says, else by the backbone's stem
 * @returns with what of the file fitted
 * @throws CheckpointError if it cannot be read, or does not fit
 */
export async function encoderOfWeights(
  file: string,
  size?: number,
): Promise<Pick<Encoder, "recipe" | "weights"> & { readonly report: FitReport }> {
  const opened = await openWeights(file);
  const recipe = await recipeOfWeights(opened, size);
  const settings = encoderSettings(recipe.encoder);
  const { weights, report } = fitWeights(opened, settings);
  return { recipe, weights: { ...initialEncoder(settings, recipe.seed), ...weights }, report };
}
