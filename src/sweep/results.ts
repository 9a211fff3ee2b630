/** What a sweep has found: `results.jsonl`, a line a finished run, and the same as means over seeds. */
import { readFile } from "node:fs/promises";
import { CheckpointError, said, UsageError } from "../errors.js";
import { fieldChanges, parseWrittenRecipe, type Recipe } from "../recipe/index.js";
import { writeAtomically } from "../tensorfile/index.js";
import type { PlannedRun } from "./plan.js";

/** What is measured of a run; null where there is nothing to measure it by. */
export interface Measures {
  /** Mean over the steps of the last epoch. */
  readonly loss: number;
  /** Top-1 accuracy in percent by 20 neighbours, before and after training. */
  readonly knnBefore: number | null;
  readonly knnAfter: number | null;
  /** Adjusted mutual information of the labels and the finest level of clusters of the trained features. */
  readonly ami: number | null;
  /** Of training, without what is measured around it. */
  readonly seconds: number;
}

/** What a run was trained and measured on, as given on the command line. */
export interface Images {
  readonly data: string;
  readonly test: string | null;
}

/** A finished run. */
export interface RunResult extends Measures, Images {
  readonly name: string;
  readonly slug: string;
  readonly recipe: Recipe;
}

/** The results that a file holds. @throws CheckpointError if it is damaged */
export async function readResults(file: string): Promise<readonly RunResult[]> {
  const text = await readFile(file, "utf8").catch((cause) => {
    if (cause.code === "ENOENT") return "";
    throw new CheckpointError("unreadable", said`${{ file }} cannot be read: ${cause.message}`, { cause });
  });
  return text.split("\n").flatMap((line, i) => {
    if (line === "") return [];
    try {
      const result = JSON.parse(line) as RunResult;
      return [{ ...result, recipe: parseWrittenRecipe(result.recipe, "its recipe") }];
    } catch (cause) {
      throw new CheckpointError(
        "damaged",
        said`${{ file }}, line ${{ line: i + 1 }} is damaged: ${cause as Error}. Delete the line; its run is then measured again`,
        { cause },
      );
    }
  });
}

/** Writes all results anew, whole or not at all. */
export async function writeResults(file: string, results: readonly RunResult[]): Promise<void> {
  await writeAtomically(file, new TextEncoder().encode(results.map((r) => `${JSON.stringify(r)}\n`).join("")));
}

/** The result of a planned run, if it has one. */
export const resultOf = (results: readonly RunResult[], run: PlannedRun): RunResult | undefined =>
  results.find((r) => r.name === run.name && r.recipe.seed === run.recipe.seed);

/**
 * Holds what a run was trained with against what it would be trained with now.
 *
 * @param where - where it was found
 * @throws UsageError that names the differences
 */
export function requireSame(
  run: PlannedRun,
  now: Images,
  before: { readonly recipe: Recipe; readonly data: string; readonly test?: string | null },
  where: string,
): void {
  const differences = [
    ...fieldChanges(before.recipe, run.recipe).map(({ text }) => text),
    ...(before.data === now.data ? [] : [`the images are ${now.data}, were ${before.data}`]),
    ...(before.test === undefined || before.test === now.test
      ? []
      : [`the images held out are ${now.test ?? "not given"}, were ${before.test ?? "not given"}`]),
  ];
  if (differences.length > 0)
    throw new UsageError(
      "other-settings",
      said`${{ file: where }} holds the run ${JSON.stringify(run.name)} (seed ${run.recipe.seed}) of other settings: ${differences.join("; ")}. Undo the change, give the run another name, or choose another folder`,
      { settings: ["data", "test", "out"] },
    );
}

/** Mean and standard deviation (of a sample) over the seeds. */
export interface Spread {
  readonly mean: number;
  /** 0 for one seed. */
  readonly deviation: number;
}

/** Runs that differ by their seed alone. */
export interface Group {
  readonly name: string;
  readonly recipe: Recipe;
  readonly seeds: readonly number[];
  readonly measures: { readonly [K in keyof Measures]: Spread | null };
}

const measured = ["loss", "knnBefore", "knnAfter", "ami", "seconds"] as const satisfies readonly (keyof Measures)[];

/** Results by the name of their runs, in the order of their first. */
export function grouped(results: readonly RunResult[]): readonly Group[] {
  return [...new Set(results.map((r) => r.name))].map((name) => {
    const runs = results.filter((r) => r.name === name);
    return {
      name,
      recipe: runs[0].recipe,
      seeds: runs.map((r) => r.recipe.seed),
      measures: Object.fromEntries(
        measured.map((measure) => [measure, spread(runs.map((r) => r[measure]).filter((x) => x !== null))]),
      ) as Group["measures"],
    };
  });
}

function spread(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const mean = values.reduce((a, b) => a + b) / values.length;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, deviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}
