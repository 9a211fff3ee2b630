/** `hcsc log`: a run's metrics as a table. */
import { Command } from "commander";
import { metricsCsv } from "../log/index.js";
import { writeAtomically } from "../tensorfile/index.js";
import { counted } from "../text.js";
import { RunFolder } from "../train/index.js";
import { print } from "./print.js";

interface Flags {
  readonly run: string;
  readonly out: string;
  readonly json?: boolean;
}

export function logCommand(): Command {
  return new Command("log")
    .description(
      "write a run's metrics as CSV, a line for each step, epoch and evaluation, a column for each number; train --log writes them for TensorBoard while it trains",
    )
    .requiredOption("--run <folder>", "a run folder")
    .requiredOption("--out <file>", "where to write")
    .addHelpText("after", "\nExample:\n  hcsc log --run runs/demo --out demo.csv")
    .action(runLog);
}

async function runLog({ run, out, json }: Flags): Promise<void> {
  const metrics = await (await RunFolder.open(run)).metrics();
  await writeAtomically(out, new TextEncoder().encode(metricsCsv(metrics)));
  print(json, { file: out, rows: metrics.length }, [`${counted(metrics.length, "row")} → ${out}`]);
}
