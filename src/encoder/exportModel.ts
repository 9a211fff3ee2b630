/** A trained encoder as plain ONNX models, its weights, and how to feed it. */
import { join } from "node:path";
import { encoderModel, encoderSettings, imageEncoderModel } from "../artifacts/index.js";
import { pixelStatistics } from "../recipe/index.js";
import { makeFolder, writeAtomically, writeTensors } from "../tensorfile/index.js";
import { encoderWeights, evaluationPolicy } from "../train/index.js";
import type { Trained } from "./encoder.js";
import { preprocessingOf } from "./preprocessing.js";

/** What is written: models that take images and prepared pixels, weights, and what is done to images. */
export const exportedFiles = {
  images: "encoder.onnx",
  pixels: "encoder-pixels.onnx",
  weights: "encoder.safetensors",
  preprocessing: "preprocessing.json",
} as const;

/**
 * Writes a run's query encoder into a folder.
 *
 * @returns what `preprocessing.json` says
 * @throws DataError if it cannot be written
 */
export async function exportModel({ recipe, checkpoint }: Trained, folder: string) {
  const weights = encoderWeights(checkpoint, "query");
  const settings = encoderSettings(recipe.encoder);
  const view = { ...evaluationPolicy(recipe), ...pixelStatistics(recipe) };
  const preprocessing = preprocessingOf(settings, view, exportedFiles);
  const text = new TextEncoder().encode(`${JSON.stringify(preprocessing, null, 2)}\n`);
  await makeFolder(folder);
  await writeAtomically(join(folder, exportedFiles.images), imageEncoderModel(settings, view, weights));
  await writeAtomically(join(folder, exportedFiles.pixels), encoderModel(settings, view.size, weights, null));
  await writeTensors(join(folder, exportedFiles.weights), weights);
  await writeAtomically(join(folder, exportedFiles.preprocessing), text);
  return preprocessing;
}
