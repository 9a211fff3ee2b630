/** Training and measuring a sweep's runs, one after the other, and going on where it was stopped. */
import { TrainingError } from "../errors.js";
import { type EngineChoice, type LearnerOptions, nodeWarnings, withLearner } from "../learner/index.js";
import { finestAmi } from "../protocols/index.js";
import { makeFolder } from "../tensorfile/index.js";
import type { Reporter } from "../train/index.js";
import { resultsBefore, resultsFile, runIn, runPath, writeOverview } from "./folder.js";
import { measuresOf } from "./measure.js";
import type { PlannedRun } from "./plan.js";
import { preparedSweep } from "./prepare.js";
import { type Images, type RunResult, resultOf, writeResults } from "./results.js";
import type { Sweep } from "./schema.js";

/** A sweep, its images and its folder; how graphs are run is as of `openLearner`. */
export interface SweepRequest extends Images, EngineChoice, Pick<LearnerOptions, "workers" | "maxBroken"> {
  /** A sweep file, which ends in `.json`, or a bundled sweep's name. */
  readonly sweep: string;
  /** Where runs and results go; what it has finished is not trained again. */
  readonly out: string;
  /** Aborting finishes the step, saves and returns. */
  readonly signal?: AbortSignal | undefined;
  /** Told what was chosen, which run is next, how each goes, and what is in doubt. Default: warnings become Node's own. */
  readonly report?: Reporter | undefined;
}

/** A run whose numbers failed. */
export interface FailedRun {
  readonly name: string;
  readonly seed: number;
  readonly message: string;
}

/** What a sweep has come to. */
export interface SweepOutcome {
  readonly sweep: Sweep;
  /** Runs that there are to be. */
  readonly planned: number;
  /** Runs that were trained now. */
  readonly trained: number;
  readonly interrupted: boolean;
  /** Of every finished run, in the sweep's order. */
  readonly results: readonly RunResult[];
  readonly failures: readonly FailedRun[];
  /** The table and the plot that were written; none without results. */
  readonly files: readonly string[];
}

/**
 * Trains what of a sweep has no result yet, and measures it; each result is kept as it comes. A run whose numbers fail is left out,
 * with the reason.
 *
 * @throws UsageError for a wrong sweep, or a folder that holds one of its runs with other settings; and as `openLearner`
 */
export async function trainSweep(request: SweepRequest): Promise<SweepOutcome> {
  const { report = nodeWarnings, out, data, test } = request;
  const { sweep, runs } = await preparedSweep(request.sweep, data, report);
  const before = await resultsBefore(out, runs, { data, test });
  await makeFolder(out);
  const { results, failures, interrupted } = await trainAll(runs, before, { ...request, report });
  const finished = runs.flatMap((run) => resultOf(results, run) ?? []);
  const files = await writeOverview(out, sweep, finished);
  const trained = results.length - before.length;
  return { sweep, planned: runs.length, trained, interrupted, results: finished, failures, files };
}

type Heard = SweepRequest & { readonly report: Reporter };

async function trainAll(
  runs: readonly PlannedRun[],
  before: readonly RunResult[],
  request: Heard,
): Promise<Pick<SweepOutcome, "results" | "failures" | "interrupted">> {
  const results = [...before];
  const failures: FailedRun[] = [];
  for (const [i, run] of runs.entries()) {
    if (resultOf(results, run)) continue;
    if (request.signal?.aborted) return { results, failures, interrupted: true };
    const { name, recipe } = run;
    request.report({ kind: "note", message: `run ${i + 1} of ${runs.length}: ${name}, seed ${recipe.seed}` });
    try {
      const result = await trainOne(run, request);
      if (!result) return { results, failures, interrupted: true };
      results.push(result);
      await writeResults(resultsFile(request.out), results);
    } catch (error) {
      if (!(error instanceof TrainingError)) throw error;
      request.report({ kind: "warning", message: `${name}, seed ${recipe.seed}: ${error.message}` });
      failures.push({ name, seed: recipe.seed, message: error.message });
    }
  }
  return { results, failures, interrupted: false };
}

/** Trains and measures a run, from its checkpoint where it has one; null if it was stopped. */
async function trainOne(run: PlannedRun, request: Heard): Promise<RunResult | null> {
  const { sweep: _, out, data, test, signal, ...how } = request;
  const { name, slug, recipe } = run;
  const path = runPath(out, run);
  const isBegun = (await runIn(path)) !== null;
  const options = { ...how, images: data, recipe, ...(isBegun ? { run: path } : {}) };
  return withLearner(options, async (learner) => {
    const trained = await learner.train({ ...(isBegun ? {} : { run: path }), test, ...(signal && { signal }) });
    if (trained.interrupted) return null;
    return {
      name,
      slug,
      data,
      test,
      ...measuresOf(await trained.folder.metrics()),
      knnBefore: trained.knnBefore,
      knnAfter: trained.knnAfter,
      ami: await finestAmi(await learner.encoder(), learner.images),
      recipe,
    };
  });
}
