/** `hcsc log`: a run's metrics as a table. */
import { Command } from "commander";
import { lazily } from "./lazily.js";

export function logCommand(): Command {
  return new Command("log")
    .description(
      "write a run's metrics as CSV, a line for each step, epoch and evaluation, a column for each number; train --log writes them for TensorBoard while it trains",
    )
    .requiredOption("--run <folder>", "a run folder")
    .requiredOption("--out <file>", "where to write")
    .addHelpText("after", "\nExample:\n  hcsc log --run runs/demo --out demo.csv")
    .action(lazily(() => import("../actions/log.js")));
}
