/** `hcsc build`: emits a recipe's graphs as ONNX files. */
import { join } from "node:path";
import { Command, Option } from "commander";
import type { Recipe } from "../recipe/index.js";
import { type EmittedFile, emitArtifacts, emitTraining } from "../train/index.js";
import { duration, print, table } from "./print.js";
import { collect, loadRecipe } from "./recipes.js";

/** What each format writes, and where in the recipe's folder. */
const formats = {
  onnx: { emit: emitArtifacts, place: "" },
  "ort-training": { emit: emitTraining, place: "ort-training" },
} as const satisfies Record<
  string,
  { emit: (recipe: Recipe, folder: string) => Promise<readonly EmittedFile[]>; place: string }
>;

interface Flags {
  readonly out?: string;
  readonly format: keyof typeof formats;
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
        .choices(Object.keys(formats))
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
      const { emit, place } = formats[options.format];
      const folder = join(options.out ?? `graphs/${recipe.name}`, place);
      const files = await emit(recipe, folder);
      const seconds = (performance.now() - began) / 1000;
      const rows = files.map((f) => [f.file, `${(f.bytes / 1024).toFixed(0)} KiB`]);
      print(options.json, { recipe: recipe.name, folder, files, seconds }, [
        ...table([["file", "size"], ...rows]),
        `written to ${folder} in ${duration(seconds)}`,
      ]);
    });
}
