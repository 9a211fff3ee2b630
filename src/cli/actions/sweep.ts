/** `hcsc sweep`: trains and compares runs that differ in some of a recipe's fields. */
import { dirname, join, resolve } from "node:path";
import { absoluteName, describeSource, type ImageSource, openSource } from "../../data/index.js";
import { TrainingError, UsageError } from "../../errors.js";
import { autoRecipe, doubtsOf, loadRecipe, readNamed, suited } from "../../presets/index.js";
import { finestAmi } from "../../protocols/index.js";
import { asOverrides, fieldChanges } from "../../recipe/index.js";
import {
  csvOf,
  grouped,
  type Images,
  measuresOf,
  type PlannedRun,
  parseSweep,
  planRuns,
  plotOf,
  type RunResult,
  readResults,
  requireSame,
  resultOf,
  type Sweep,
  tableRows,
  writeResults,
} from "../../sweep/index.js";
import { makeFolder, writeAtomically } from "../../tensorfile/index.js";
import { table } from "../../text.js";
import { RunFolder } from "../../train/index.js";
import { interruptedCode, interruptible } from "../interrupt.js";
import { advised, print, tell, warn } from "../print.js";
import { type EngineFlags, withLearner } from "./session.js";
import { type SetFlags, splitOf } from "./sets.js";

interface Flags extends EngineFlags, SetFlags {
  readonly data: string;
  readonly out: string;
}

export async function run(text: string, flags: Flags): Promise<void> {
  const { file, data } = await readNamed("sweep", text);
  const sweep = parseSweep(data, file);
  const images: Images = splitOf(flags.data, flags);
  const source = openSource(await describeSource(images.data));
  const runs = await fittedTo(source, planRuns(sweep, await baseOf(sweep, file, source), file));
  const kept = join(flags.out, "results.jsonl");
  const before = await readResults(kept);
  for (const planned of runs) {
    const result = resultOf(before, planned);
    if (result) requireSame(planned, images, result, kept);
    else await requireSameFolder(folderOf(flags, planned), planned, images);
  }
  await makeFolder(flags.out);
  const { results, failures, interrupted } = await interruptible((signal) =>
    trainAll(runs, before, flags, kept, signal),
  );
  const finished = runs.flatMap((planned) => resultOf(results, planned) ?? []);
  const files = await writeFiles(flags.out, sweep, finished);
  const groups = grouped(finished);
  const summary = {
    sweep: sweep.name,
    out: flags.out,
    interrupted,
    planned: runs.length,
    trained: results.length - before.length,
    runs: finished.map(({ slug, recipe, ...r }) => ({ ...r, seed: recipe.seed, run: folderOf(flags, { slug }) })),
    groups: groups.map(({ recipe: _, ...g }) => g),
    failures,
    files,
  };
  print(flags.json, summary, [
    ...(interrupted ? [`stopped with ${finished.length} of ${runs.length} runs; the same command goes on`] : []),
    ...(finished.length > 0 ? table(tableRows(groups)) : []),
    ...files.map((f) => `→ ${f}`),
  ]);
  if (interrupted) process.exitCode = interruptedCode;
  if (failures.length > 0)
    throw new TrainingError(
      "runs-failed",
      `${failures.length} of ${runs.length} runs failed: ${failures.map((f) => `${f.name} (seed ${f.seed}): ${f.message}`).join("; ")}`,
    );
}

/** The data of the sweep's recipe; a path is one from the sweep file's folder, `auto` what suits the images. */
async function baseOf({ recipe, set }: Sweep, file: string, source: ImageSource): Promise<unknown> {
  if (typeof recipe !== "string") return recipe;
  if (recipe === "auto") {
    const chosen = await autoRecipe(source, asOverrides(set));
    for (const note of chosen.notes) tell(advised(note));
    return chosen.recipe;
  }
  return loadRecipe(recipe.endsWith(".json") ? resolve(dirname(file), recipe) : recipe, []);
}

/** Runs with levels that the images have room for, as `train` fits them; what was changed is said, and what this made alike. */
async function fittedTo(source: ImageSource, runs: readonly PlannedRun[]): Promise<readonly PlannedRun[]> {
  const fitted: PlannedRun[] = [];
  for (const run of runs) {
    const { recipe, notes } = await suited(run.recipe, source);
    for (const note of [...notes, ...doubtsOf(recipe)]) warn(advised(note));
    const alike = fitted.find((other) => fieldChanges(other.recipe, recipe).length === 0);
    if (alike) warn(`the runs ${JSON.stringify(alike.name)} and ${JSON.stringify(run.name)} are of the same settings`);
    fitted.push({ ...run, recipe });
  }
  return fitted;
}

const folderOf = (flags: Flags, { slug }: { readonly slug: string }): string => join(flags.out, "runs", slug);

/** The run in a folder, or null if there is none. */
const runIn = (path: string): Promise<RunFolder | null> =>
  RunFolder.open(path).catch((error) => {
    if (error instanceof UsageError && error.code === "missing") return null;
    throw error;
  });

/** @throws UsageError if the folder holds a run of other settings */
async function requireSameFolder(path: string, planned: PlannedRun, images: Images): Promise<void> {
  const folder = await runIn(path);
  if (!folder) return;
  const { recipe, data } = folder.description;
  const now = { ...images, data: await absoluteName(images.data) };
  requireSame(planned, now, { recipe, data: await absoluteName(data) }, path);
}

interface Failure {
  readonly name: string;
  readonly seed: number;
  readonly message: string;
}

/** Trains what has no result yet, keeping each result as it comes. Runs whose numbers fail are left out, with the reason. */
async function trainAll(
  runs: readonly PlannedRun[],
  before: readonly RunResult[],
  flags: Flags,
  kept: string,
  signal: AbortSignal,
): Promise<{ results: readonly RunResult[]; failures: readonly Failure[]; interrupted: boolean }> {
  const results = [...before];
  const failures: Failure[] = [];
  for (const [i, planned] of runs.entries()) {
    if (resultOf(results, planned)) continue;
    if (signal.aborted) return { results, failures, interrupted: true };
    const { name, recipe } = planned;
    if (!flags.json) process.stderr.write(`run ${i + 1} of ${runs.length}: ${name}, seed ${recipe.seed}\n`);
    try {
      const result = await trainOne(planned, flags, signal);
      if (!result) return { results, failures, interrupted: true };
      results.push(result);
      await writeResults(kept, results);
    } catch (error) {
      if (!(error instanceof TrainingError)) throw error;
      warn(`${name}, seed ${recipe.seed}: ${error.message}`);
      failures.push({ name, seed: recipe.seed, message: error.message });
    }
  }
  return { results, failures, interrupted: false };
}

/** Trains and measures a run, from its checkpoint where it has one; null if it was stopped. */
async function trainOne(planned: PlannedRun, flags: Flags, signal: AbortSignal): Promise<RunResult | null> {
  const { name, slug, recipe } = planned;
  const path = folderOf(flags, planned);
  const isBegun = (await runIn(path)) !== null;
  const images: Images = splitOf(flags.data, flags);
  const options = { images: images.data, recipe, ...(isBegun ? { run: path } : {}) };
  return withLearner(flags, options, async (learner) => {
    const trained = await learner.train({ ...(isBegun ? {} : { run: path }), test: images.test, signal });
    if (trained.interrupted) return null;
    return {
      name,
      slug,
      ...images,
      ...measuresOf(await trained.folder.metrics()),
      knnBefore: trained.knnBefore,
      knnAfter: trained.knnAfter,
      ami: await finestAmi(await learner.encoder(), learner.images),
      recipe,
    };
  });
}

/** The results as a CSV file and a plot, if there are any. @returns the files */
async function writeFiles(out: string, sweep: Sweep, results: readonly RunResult[]): Promise<readonly string[]> {
  if (results.length === 0) return [];
  const contents = {
    "results.csv": await csvOf(results),
    "sweep.svg": await plotOf(sweep.name, grouped(results), sweep.grid !== undefined),
  };
  for (const [name, text] of Object.entries(contents))
    await writeAtomically(join(out, name), new TextEncoder().encode(text));
  return Object.keys(contents).map((name) => join(out, name));
}
