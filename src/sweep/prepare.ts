/** A sweep's file as runs that its images suit: all of them complete before the first is trained. */
import { dirname, resolve } from "node:path";
import { describeSource, type ImageSource, openSource } from "../data/index.js";
import { autoRecipe, doubtsOf, loadRecipe, readNamed, suited } from "../presets/index.js";
import { asOverrides, fieldChanges } from "../recipe/index.js";
import type { Reporter } from "../train/index.js";
import { type PlannedRun, parseSweep, planRuns } from "./plan.js";
import type { Sweep } from "./schema.js";

/**
 * The sweep that `text` names, and its runs with levels that the images have room for, as `train` fits them; what was chosen or
 * changed is told, and what this made alike.
 *
 * @param text - a path that ends in .json, or a bundled name
 * @param data - the images, by name
 * @throws UsageError that names the run and every wrong field; DataError if there are no such images
 */
export async function preparedSweep(
  text: string,
  data: string,
  tell: Reporter,
): Promise<{ readonly sweep: Sweep; readonly runs: readonly PlannedRun[] }> {
  const { file, data: content } = await readNamed("sweep", text);
  const sweep = parseSweep(content, file);
  const source = openSource(await describeSource(data));
  const planned = planRuns(sweep, await baseOf(sweep, file, source, tell), file);
  return { sweep, runs: await fittedTo(source, planned, tell) };
}

/** The data of the sweep's recipe; a path is one from the sweep file's folder, `auto` what suits the images. */
async function baseOf({ recipe, set }: Sweep, file: string, source: ImageSource, tell: Reporter): Promise<unknown> {
  if (typeof recipe !== "string") return recipe;
  if (recipe === "auto") {
    const chosen = await autoRecipe(source, asOverrides(set));
    for (const note of chosen.notes) tell({ kind: "note", ...note });
    return chosen.recipe;
  }
  return loadRecipe(recipe.endsWith(".json") ? resolve(dirname(file), recipe) : recipe, []);
}

async function fittedTo(
  source: ImageSource,
  runs: readonly PlannedRun[],
  tell: Reporter,
): Promise<readonly PlannedRun[]> {
  const fitted: PlannedRun[] = [];
  for (const run of runs) {
    const { recipe, notes } = await suited(run.recipe, source);
    for (const note of [...notes, ...doubtsOf(recipe)]) tell({ kind: "warning", ...note });
    const alike = fitted.find((other) => fieldChanges(other.recipe, recipe).length === 0);
    if (alike)
      tell({
        kind: "warning",
        message: `the runs ${JSON.stringify(alike.name)} and ${JSON.stringify(run.name)} are of the same settings`,
      });
    fitted.push({ ...run, recipe });
  }
  return fitted;
}
