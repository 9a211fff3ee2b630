/** A run folder in which nothing was trained yet. */
import { join } from "node:path";
import { onDisk } from "../../src/disk/index.js";
import { loadRecipe } from "../../src/presets/index.js";
import { RunFolder } from "../../src/train/index.js";
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
