/** A recipe as a list of dotted fields, by which recipes are compared. */
import type { Recipe } from "./schema.js";

/** What names a recipe and changes nothing that it trains. */
const names = new Set(["$schema", "name", "description"]);

/** Dotted field and value, in the recipe's order; lists are one value. */
export function recipeFields(recipe: Recipe): ReadonlyMap<string, unknown> {
  const fields = (value: unknown, path: string): (readonly [string, unknown])[] =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.entries(value).flatMap(([key, inner]) => fields(inner, path ? `${path}.${key}` : key))
      : [[path, value]];
  return new Map(fields(recipe, "").filter(([path]) => !names.has(path)));
}

export const isSameValue = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A field in which two recipes differ. */
export interface FieldChange {
  readonly field: string;
  /** `method.temperature is 0.2, was 0.1` */
  readonly text: string;
}

/** Fields in which two recipes differ. */
export function fieldChanges(before: Recipe, now: Recipe): readonly FieldChange[] {
  const [old, fresh] = [recipeFields(before), recipeFields(now)];
  const shown = (value: unknown) => (value === undefined ? "not given" : JSON.stringify(value));
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((field) => !isSameValue(old.get(field), fresh.get(field)))
    .map((field) => ({ field, text: `${field} is ${shown(fresh.get(field))}, was ${shown(old.get(field))}` }));
}
