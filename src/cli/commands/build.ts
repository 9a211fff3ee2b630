/** `hcsc build`: emits a recipe's graphs as ONNX files. */
import { Command, Option } from "commander";
import type { GraphFormat } from "../../disk/index.js";
import { lazily } from "./lazily.js";
import { collect, named } from "./options.js";

export function buildCommand(): Command {
  return new Command("build")
    .description(
      "emit the training graphs of a recipe as ONNX files, with a manifest of their inputs, outputs and state",
    )
    .argument("<recipe>", "a recipe file, or the name of a bundled recipe")
    .option("--out <folder>", "where to write; default graphs/NAME")
    .addOption(
      new Option("--format <name>", "standard ONNX, or the artifacts of ONNX Runtime's own on-device training")
        .choices(named<GraphFormat>({ onnx: true, "ort-training": true }))
        .default("onnx"),
    )
    .option("--set <field=value>", "override a field of the recipe; may be repeated", collect, [])
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc build demo\n  hcsc build my-recipe.json --set batchSize=64 --out graphs/mine\n  hcsc build demo --format ort-training",
    )
    .action(lazily(() => import("../actions/build.js")));
}
