/** `hcsc sweep`: trains and compares runs that differ in some of a recipe's fields. */
import { TrainingError } from "../../errors.js";
import { grouped, runPath, tableRows, trainSweep } from "../../sweep/index.js";
import { table } from "../../text.js";
import { interruptedCode, interruptible } from "../interrupt.js";
import { print } from "../print.js";
import { type EngineFlags, heard } from "./session.js";
import { type SetFlags, splitOf } from "./sets.js";

interface Flags extends EngineFlags, SetFlags {
  readonly data: string;
  readonly out: string;
}

export async function run(sweep: string, flags: Flags): Promise<void> {
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
