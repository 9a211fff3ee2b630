/** `hcsc sweep`: trains and compares runs that differ in some of a recipe's fields. */
import { Command } from "commander";
import { TrainingError } from "../errors.js";
import { grouped, runPath, tableRows, trainSweep } from "../sweep/index.js";
import { table } from "../text.js";
import { interruptedCode, interruptible } from "./interrupt.js";
import { dataHelp, withEngineOptions } from "./options.js";
import { print } from "./print.js";
import { type EngineFlags, heard } from "./session.js";
import { type SetFlags, splitOf, withSplitOption } from "./sets.js";

interface Flags extends EngineFlags, SetFlags {
  readonly data: string;
  readonly out: string;
}

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
    .action(run);
}

async function run(sweep: string, flags: Flags): Promise<void> {
  const { out } = flags;
  const images = splitOf(flags.data, flags);
  const { results, failures, files, planned, trained, interrupted, ...done } = await interruptible((signal) =>
    heard(flags, (how) => trainSweep({ ...how, ...images, sweep, out, signal })),
  );
  const groups = grouped(results);
  const summary = {
    sweep: done.sweep.name,
    out,
    interrupted,
    planned,
    trained,
    runs: results.map(({ slug, recipe, ...r }) => ({ ...r, seed: recipe.seed, run: runPath(out, { slug }) })),
    groups: groups.map(({ recipe: _, ...g }) => g),
    failures,
    files,
  };
  print(flags.json, summary, [
    ...(interrupted ? [`stopped with ${results.length} of ${planned} runs; the same command goes on`] : []),
    ...(results.length > 0 ? table(tableRows(groups)) : []),
    ...files.map((f) => `→ ${f}`),
  ]);
  if (interrupted) process.exitCode = interruptedCode;
  if (failures.length > 0)
    throw new TrainingError(
      "runs-failed",
      `${failures.length} of ${planned} runs failed: ${failures.map((f) => `${f.name} (seed ${f.seed}): ${f.message}`).join("; ")}`,
    );
}
