/** The forms in which a recipe's graphs are written. */
import { join } from "node:path";
import type { Recipe } from "../recipe/index.js";
import { type EmittedFile, emitPrograms } from "./emitPrograms.js";
import { emitTraining } from "./emitTraining.js";

/** What each form writes, and where in the recipe's folder. */
export const graphFormats = {
  onnx: { emit: emitPrograms, place: "" },
  "ort-training": { emit: emitTraining, place: "ort-training" },
} as const satisfies Record<
  string,
  { emit: (recipe: Recipe, folder: string) => Promise<readonly EmittedFile[]>; place: string }
>;

export type GraphFormat = keyof typeof graphFormats;

/** Writes a recipe's graphs. @returns the folder that they are in, and the files */
export async function emitGraphs(
  recipe: Recipe,
  format: GraphFormat,
  out = `graphs/${recipe.name}`,
): Promise<{ readonly folder: string; readonly files: readonly EmittedFile[] }> {
  const { emit, place } = graphFormats[format];
  const folder = join(out, place);
  return { folder, files: await emit(recipe, folder) };
}
