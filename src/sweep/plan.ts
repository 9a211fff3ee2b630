/** From a sweep file to its runs: every recipe complete and checked before the first is trained. */
import { createHash } from "node:crypto";
import { type Sentence, said, UsageError } from "../errors.js";
import { asOverrides, overrideRecipe, parseRecipe, problemsOf, type Recipe } from "../recipe/index.js";
import { type Sweep, sweepSchema } from "./schema.js";

export interface PlannedRun {
  /** Runs that differ by their seed alone share it. */
  readonly name: string;
  /** Its folder's name, its own among all runs. */
  readonly slug: string;
  readonly recipe: Recipe;
}

/**
 * A sweep from plain data.
 *
 * @param data - what a sweep file holds
 * @param where - named in errors, e.g. the file
 * @throws UsageError that names every wrong field
 */
export function parseSweep(data: unknown, where: string): Sweep {
  const result = sweepSchema.safeParse(data);
  if (result.success) return result.data;
  throw new UsageError("wrong-fields", said`${{ file: where }}: ${problemsOf(result.error, sweepSchema, "the sweep")}`);
}

/**
 * The runs of a sweep, in the file's order, each with every seed.
 *
 * @param base - the data of the sweep's recipe
 * @param where - named in errors, e.g. the file
 * @throws UsageError that names the run and every wrong field of its recipe
 */
export function planRuns(sweep: Sweep, base: unknown, where: string): readonly PlannedRun[] {
  const runs = Object.entries(sweep.runs ?? gridRuns(sweep.grid ?? {}));
  const recipes = runs.map(([name, changes]) =>
    recipeOf(base, { ...sweep.set, ...changes }, said`${{ file: where }}: the run ${JSON.stringify(name)}`),
  );
  const slugs = slugsOf(runs.map(([name]) => name));
  return runs.flatMap(([name], i) =>
    (sweep.seeds ?? [recipes[i].seed]).map((seed) => ({
      name,
      slug: `${slugs[i]}-seed-${seed}`,
      recipe: { ...recipes[i], seed },
    })),
  );
}

/** Every combination, the last field changing fastest, named by its values. */
function gridRuns(grid: Readonly<Record<string, readonly unknown[]>>): Record<string, Record<string, unknown>> {
  const combinations = Object.entries(grid).reduce<readonly Record<string, unknown>[]>(
    (made, [field, values]) => made.flatMap((before) => values.map((value) => ({ ...before, [field]: value }))),
    [{}],
  );
  const nameOf = (changes: Record<string, unknown>) =>
    Object.entries(changes)
      .map(([field, value]) => `${field}=${typeof value === "string" ? value : JSON.stringify(value)}`)
      .join(", ");
  return Object.fromEntries(combinations.map((changes) => [nameOf(changes), changes]));
}

function recipeOf(base: unknown, changes: Readonly<Record<string, unknown>>, where: Sentence): Recipe {
  let data: unknown;
  try {
    data = overrideRecipe(base, asOverrides(changes));
  } catch (cause) {
    throw new UsageError("wrong-fields", said`${where}: ${cause as Error}`, { cause });
  }
  return parseRecipe(data, where);
}

const longestSlug = 60;

/** Names as folders; those that would be alike, or empty, end with a digest of the name. */
function slugsOf(names: readonly string[]): readonly string[] {
  const plain = names.map((name) =>
    name
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}.]+/gu, "-")
      .slice(0, longestSlug)
      .replaceAll(/^[-.]+|[-.]+$/g, ""),
  );
  return names.map((name, i) => {
    if (plain[i] !== "" && plain.filter((slug) => slug === plain[i]).length === 1) return plain[i];
    return `${plain[i] || "run"}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
  });
}
