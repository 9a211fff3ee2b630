/** A sweep's folder: `results.jsonl`, `results.csv`, `sweep.svg`, and in `runs/` a folder for each run. */
import { join } from "node:path";
import { absoluteName } from "../data/index.js";
import { onDisk } from "../disk/index.js";
import { UsageError } from "../errors.js";
import { writeAtomically } from "../tensorfile/index.js";
import { RunFolder } from "../train/index.js";
import type { PlannedRun } from "./plan.js";
import { plotOf } from "./plot.js";
import { grouped, type Images, type RunResult, readResults, requireSame, resultOf } from "./results.js";
import type { Sweep } from "./schema.js";
import { csvOf } from "./show.js";

/** The file of a sweep's results. */
export const resultsFile = (out: string): string => join(out, "results.jsonl");

/** The folder of a run. @param out - the sweep's folder */
export const runPath = (out: string, { slug }: { readonly slug: string }): string => join(out, "runs", slug);

/** The run in a folder, or null if there is none. */
export const runIn = (path: string): Promise<RunFolder | null> =>
  RunFolder.open(onDisk(path)).catch((error) => {
    if (error instanceof UsageError && error.code === "missing") return null;
    throw error;
  });

/**
 * What a folder holds of a sweep's runs.
 *
 * @returns all its results
 * @throws UsageError if it holds one of the runs with other settings; CheckpointError if its results are damaged
 */
export async function resultsBefore(
  out: string,
  runs: readonly PlannedRun[],
  images: Images,
): Promise<readonly RunResult[]> {
  const before = await readResults(resultsFile(out));
  for (const run of runs) {
    const result = resultOf(before, run);
    if (result) requireSame(run, images, result, resultsFile(out));
    else await requireSameRun(runPath(out, run), run, images);
  }
  return before;
}

async function requireSameRun(path: string, run: PlannedRun, images: Images): Promise<void> {
  const folder = await runIn(path);
  if (!folder) return;
  const { recipe, data } = folder.description;
  const now = { ...images, data: await absoluteName(images.data) };
  requireSame(run, now, { recipe, data: await absoluteName(data) }, path);
}

/** Writes results as a CSV file and a plot, if there are any. @returns the files */
export async function writeOverview(
  out: string,
  sweep: Sweep,
  results: readonly RunResult[],
): Promise<readonly string[]> {
  if (results.length === 0) return [];
  const contents = {
    "results.csv": await csvOf(results),
    "sweep.svg": await plotOf(sweep.name, grouped(results), sweep.grid !== undefined),
  };
  for (const [name, text] of Object.entries(contents))
    await writeAtomically(join(out, name), new TextEncoder().encode(text));
  return Object.keys(contents).map((name) => join(out, name));
}
