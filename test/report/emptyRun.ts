/** A run folder in which nothing was trained yet. */
import { join } from "node:path";
import { loadRecipe } from "../../src/presets/index.js";
import { onDisk, RunFolder } from "../../src/train/index.js";
import { withRecipe } from "../commands/cli.js";

export async function emptyRun(): Promise<RunFolder> {
  const { folder, recipe: file } = await withRecipe();
  const recipe = await loadRecipe(file, []);
  return RunFolder.create(onDisk(join(folder, "run")), {
    recipe,
    data: "photos",
    images: 64,
    versions: {},
    started: "now",
  });
}
