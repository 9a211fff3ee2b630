/** Recipes by name: a file, or the name of one that comes with the package. */
import { said } from "../errors.js";
import { overrideRecipe, parseRecipe, type Recipe } from "../recipe/index.js";
import { readNamed } from "./bundled.js";

/**
 * The recipe that `text` names, with overrides.
 *
 * @param text - a path that ends in .json, or a bundled name
 * @param overrides - `FIELD=VALUE`
 */
export async function loadRecipe(text: string, overrides: readonly string[]): Promise<Recipe> {
  const { file, data } = await readNamed("recipe", text);
  return parseRecipe(overrideRecipe(data, overrides), said`${{ file }}`);
}

/** A run's recipe with overrides. */
export const changedRecipe = (recipe: Recipe, overrides: readonly string[]): Recipe =>
  parseRecipe(overrideRecipe(recipe, overrides), "the run's recipe");
