/** `hcsc build`: emits a recipe's graphs as ONNX files. */
import { Command } from "commander";
import { emitArtifacts } from "../train/index.js";
import { duration, print, table } from "./print.js";
import { collect, loadRecipe } from "./recipes.js";

export function buildCommand(): Command {
  return new Command("build")
    .description(
      "emit the training graphs of a recipe as ONNX files, with a manifest of their inputs, outputs and state",
    )
    .argument("<recipe>", "a recipe file, or the name of a bundled recipe")
    .option("--out <folder>", "where to write; default graphs/NAME")
    .option("--set <field=value>", "override a field of the recipe; may be repeated", collect, [])
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc build demo\n  hcsc build my-recipe.json --set batchSize=64 --out graphs/mine",
    )
    .action(async (name: string, options: { out?: string; set: readonly string[]; json?: boolean }) => {
      const began = performance.now();
      const recipe = await loadRecipe(name, options.set);
      const folder = options.out ?? `graphs/${recipe.name}`;
      const files = await emitArtifacts(recipe, folder);
      const seconds = (performance.now() - began) / 1000;
      const rows = files.map((f) => [f.file, `${(f.bytes / 1024).toFixed(0)} KiB`]);
      print(options.json, { recipe: recipe.name, folder, files, seconds }, [
        ...table([["file", "size"], ...rows]),
        `written to ${folder} in ${duration(seconds)}`,
      ]);
    });
}
