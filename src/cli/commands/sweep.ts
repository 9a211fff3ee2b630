/** `hcsc sweep`: trains and compares runs that differ in some of a recipe's fields. */
import { Command } from "commander";
import { lazily } from "./lazily.js";
import { dataHelp, withEngineOptions } from "./options.js";
import { withSplitOption } from "./sets.js";

export function sweepCommand(): Command {
  return withSplitOption(withEngineOptions(new Command("sweep")))
    .description("train and compare runs that differ in some of a recipe's fields")
    .argument("<sweep>", "a sweep file, or a bundled sweep: ablation, sensitivity")
    .requiredOption("--data <images>", dataHelp)
    .requiredOption("--out <folder>", "where runs and results go; what it has finished is not trained again")
    .option("--test <images>", "labelled images held out: kNN accuracy on them before and after")
    .addHelpText(
      "after",
      `
Examples:
  hcsc sweep ablation --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --out runs/ablation
  hcsc sweep mine.json --data photos --out runs/mine

A sweep file names its runs, or a grid of values:
  { "name": "mine", "recipe": "demo", "set": { "epochs": 10 }, "seeds": [0, 1],
    "runs": { "no hierarchy": { "method.clusters": [100] }, "full": {} } }
  { "name": "grid", "recipe": "beside.json", "grid": { "method.temperature": [0.05, 0.1, 0.2] } }
The recipe may be "auto", as of train, which also makes levels fit the images as train does.

Into --out go results.jsonl, results.csv, sweep.svg and the run folders. Ctrl-C saves and stops; the same command goes on.`,
    )
    .action(lazily(() => import("../actions/sweep.js")));
}
