/** `hcsc build`: emits a recipe's graphs as ONNX files. */
import { Command, Option } from "commander";
import { loadRecipe } from "../presets/index.js";
import { duration, table } from "../text.js";
import { emitGraphs, type GraphFormat, graphFormats } from "../train/index.js";
import { collect } from "./options.js";
import { print } from "./print.js";

interface Flags {
  readonly out?: string;
  readonly format: GraphFormat;
  readonly set: readonly string[];
  readonly json?: boolean;
}

export function buildCommand(): Command {
  return new Command("build")
    .description(
      "emit the training graphs of a recipe as ONNX files, with a manifest of their inputs, outputs and state",
    )
    .argument("<recipe>", "a recipe file, or the name of a bundled recipe")
    .option("--out <folder>", "where to write; default graphs/NAME")
    .addOption(
      new Option("--format <name>", "standard ONNX, or the artifacts of ONNX Runtime's own on-device training")
        .choices(Object.keys(graphFormats))
        .default("onnx"),
    )
    .option("--set <field=value>", "override a field of the recipe; may be repeated", collect, [])
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc build demo\n  hcsc build my-recipe.json --set batchSize=64 --out graphs/mine\n  hcsc build demo --format ort-training",
    )
    .action(async (name: string, options: Flags) => {
      const began = performance.now();
      const recipe = await loadRecipe(name, options.set);
      const { folder, files } = await emitGraphs(recipe, options.format, options.out);
      const seconds = (performance.now() - began) / 1000;
      const rows = files.map((f) => [f.file, `${(f.bytes / 1024).toFixed(0)} KiB`]);
      print(options.json, { recipe: recipe.name, folder, files, seconds }, [
        ...table([["file", "size"], ...rows]),
        `written to ${folder} in ${duration(seconds)}`,
      ]);
    });
}
