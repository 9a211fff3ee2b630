/** The recipe that a learner works by: named, given, chosen by its images or told by weights. */
import type { ImageSource } from "../data/index.js";
import { autoRecipe, changedRecipe, loadRecipe, suited } from "../presets/index.js";
import {
  asOverrides,
  fittedClusters,
  overrideRecipe,
  parseRecipe,
  type Recipe,
  type RecipeInput,
} from "../recipe/index.js";
import type { Reporter, RunFolder } from "../train/index.js";
import { type OpenedWeights, recipeOfWeights } from "../weights/index.js";

/** Fields of a recipe and what they become: `{ epochs: 20, "method.temperature": 0.1 }`, or `["epochs=20"]`. */
export type Changes = Readonly<Record<string, unknown>> | readonly string[];

export interface RecipeChoice {
  /** A recipe's data, a file that ends in `.json`, a bundled name, or `auto`: chosen by number, size and colour of the images. */
  readonly recipe?: string | RecipeInput | undefined;
  /** Fields put in place of the recipe's. */
  readonly set?: Changes | undefined;
}

const overridesOf = (set: Changes = []): readonly string[] =>
  Array.isArray(set) ? set : asOverrides(set as Readonly<Record<string, unknown>>);

/**
 * A new run's recipe, suited to its images; what was chosen or changed is told.
 *
 * @param weights - where no recipe is named, they tell it
 * @param size - side of the images, for recipes that weights tell
 * @throws UsageError that names what is wrong
 */
export async function recipeFor(
  source: ImageSource,
  { recipe: asked, set }: RecipeChoice,
  tell: Reporter,
  weights: OpenedWeights | null = null,
  size?: number,
): Promise<Recipe> {
  const changes = overridesOf(set);
  const chosen = await (weights && asked === undefined
    ? recipeOfWeights(weights, size).then((told) => ({ recipe: changedRecipe(told, changes), notes: [] }))
    : named(source, asked, changes));
  const { recipe, notes } = await suited(chosen.recipe, source);
  if (weights && asked === undefined) return recipe; // nobody has chosen what may not suit
  for (const note of chosen.notes) tell({ kind: "note", ...note });
  for (const note of notes) tell({ kind: "warning", ...note });
  return recipe;
}

async function named(source: ImageSource, asked: RecipeChoice["recipe"] = "auto", changes: readonly string[]) {
  if (asked === "auto") return autoRecipe(source, changes);
  return { recipe: await given(asked, changes), notes: [] };
}

const given = async (recipe: string | RecipeInput, changes: readonly string[]): Promise<Recipe> =>
  typeof recipe === "string" ? loadRecipe(recipe, changes) : parseRecipe(overrideRecipe(recipe, changes), "the recipe");

/** What a run goes on by: its own recipe with changes, or one that says the same. */
export async function resumedRecipe(run: RunFolder, { recipe: asked, set }: RecipeChoice): Promise<Recipe> {
  const { recipe: own, images } = run.description;
  const changes = overridesOf(set);
  if (asked === undefined || asked === "auto") return changedRecipe(own, changes);
  const recipe = await given(asked, changes);
  return { ...recipe, method: { ...recipe.method, clusters: [...fittedClusters(recipe, images)] } };
}

/** A new run's recipe with parts of a batch that so many processes can share; what was changed is told. */
export function sharedRecipe(recipe: Recipe, processes: number, tell: Reporter): Recipe {
  const fields = ["querySubBatches", "keySubBatches"] as const;
  const changes = fields.flatMap((field) => {
    const parts = recipe.encoder[field];
    const shared = parts * (processes / greatestDivisor(parts, processes));
    return shared === parts ? [] : [`encoder.${field}=${shared}`];
  });
  if (changes.length === 0) return recipe;
  tell({ kind: "note", message: `${processes} processes, each of which BatchNorm sees apart: ${changes.join(" ")}` });
  return changedRecipe(recipe, changes);
}

const greatestDivisor = (a: number, b: number): number => (b === 0 ? a : greatestDivisor(b, a % b));
