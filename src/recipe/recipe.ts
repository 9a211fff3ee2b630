/** Reading recipes: validation with errors that name the field, overrides, and the scaled numbers that training uses. */
import * as z from "zod";
import { type Sentence, said, UsageError } from "../errors.js";
import { ownFields } from "./kinds.js";
import { problemsOf } from "./problems.js";
import { groups, type Recipe, recipeSchema } from "./schema.js";

/**
 * A complete recipe from plain data.
 *
 * @param data - what a recipe file holds
 * @param where - named in errors, e.g. the file
 * @throws UsageError that names every wrong field
 */
export function parseRecipe(data: unknown, where: string | Sentence): Recipe {
  const result = recipeSchema.safeParse(data);
  if (result.success) return result.data;
  throw new UsageError("wrong-fields", said`${where}: ${problemsOf(result.error, recipeSchema, "the recipe")}`);
}

/**
 * The same of a recipe that a run has written. Runs of before wrote the fields of every kind of optimizer and schedule: those of
 * other kinds, which never counted, are left out.
 */
export function parseWrittenRecipe(data: unknown, where: string | Sentence): Recipe {
  const written = { ...(data as Readonly<Record<string, unknown>>) };
  for (const [name, group] of Object.entries(groups)) {
    const fields = written[name];
    if (typeof fields === "object" && fields !== null)
      written[name] = ownFields(group, fields as Readonly<Record<string, unknown>>);
  }
  return parseRecipe(written, where);
}

/**
 * A recipe's data with fields set by path.
 *
 * @param overrides - `optimizer.learningRate=0.1`: values are JSON, or else text
 */
export function overrideRecipe(data: unknown, overrides: readonly string[]): unknown {
  const copy = structuredClone(data) as Record<string, unknown>;
  for (const assignment of overrides) {
    const at = assignment.indexOf("=");
    if (at < 1)
      throw new UsageError("wrong-value", `${assignment}: write FIELD=VALUE, such as optimizer.learningRate=0.1`);
    const path = assignment.slice(0, at).split(".");
    const last = path.pop() as string;
    let group = copy;
    for (const key of [...path, last])
      if (key === "__proto__") throw new UsageError("wrong-fields", said`${assignment}: ${{ field: key }} is no field`);
    for (const key of path) {
      const inner = (Object.hasOwn(group, key) ? group[key] : null) ?? {};
      if (typeof inner !== "object")
        throw new UsageError("wrong-fields", said`${assignment}: ${{ field: key }} is not a group of fields`);
      group[key] = inner;
      group = inner as Record<string, unknown>;
    }
    group[last] = parsed(assignment.slice(at + 1));
  }
  return copy;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Changes of fields as overrides, `FIELD=VALUE`. */
export const asOverrides = (changes: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.entries(changes).map(([field, value]) => `${field}=${JSON.stringify(value)}`);

/** The base learning rate for this recipe's batch. */
export const scaledLearningRate = (recipe: Recipe): number =>
  (recipe.optimizer.learningRate * recipe.batchSize * recipe.accumulation) / 256;

/** What images of so many channels are called. */
export const kindOfImages = (channels: number): string =>
  channels === 1 ? "grey" : channels === 3 ? "colour" : `${channels}-channel`;

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Mean and deviation of each channel by which pixels (0 to 1) are normalised. */
export function pixelStatistics(recipe: Recipe): { readonly mean: readonly number[]; readonly std: readonly number[] } {
  const { channels } = recipe.encoder;
  const every = (value: number) => Array.from({ length: channels }, () => value);
  const standard = channels === 3 ? imagenet : { mean: every(0.449), std: every(0.226) };
  return { mean: recipe.views.mean ?? standard.mean, std: recipe.views.std ?? standard.std };
}

/** The JSON schema of recipes, for editors. */
export const recipeJsonSchema = (): unknown => z.toJSONSchema(recipeSchema, { io: "input" });
