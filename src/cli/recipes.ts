/** Recipes on the command line: a file, or the name of one that comes with the package. */
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { UsageError } from "../errors.js";
import { overrideRecipe, parseRecipe, type Recipe } from "../recipe/index.js";

const bundled = fileURLToPath(new URL("../../../graphs/", import.meta.url));

/** Names of the recipes that come with the package. */
export async function bundledRecipes(): Promise<readonly string[]> {
  return (await readdir(bundled))
    .filter((f) => f.endsWith(".json"))
    .map((f) => f.slice(0, -".json".length))
    .sort();
}

/**
 * The recipe that `text` names, with overrides.
 *
 * @param text - a path that ends in .json, or a bundled name
 * @param overrides - `FIELD=VALUE`
 */
export async function loadRecipe(text: string, overrides: readonly string[]): Promise<Recipe> {
  const file = text.endsWith(".json") ? text : `${bundled}${text}.json`;
  const content = await readFile(file, "utf8").catch(async (cause) => {
    throw new UsageError(`no recipe ${text}: give a .json file, or one of ${(await bundledRecipes()).join(", ")}`, {
      cause,
    });
  });
  let data: unknown;
  try {
    data = JSON.parse(content);
  } catch (cause) {
    throw new UsageError(`${file} is not JSON: ${(cause as Error).message}`, { cause });
  }
  return parseRecipe(overrideRecipe(data, overrides), file);
}

/** Collects a repeated option. */
export const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
