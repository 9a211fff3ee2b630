/** A recipe as a list of dotted fields, by which recipes are compared. */
import type { Recipe } from "../recipe/index.js";

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

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Fields in which any of the recipes differs from the first, but for the seed. */
export function varyingFields(recipes: readonly Recipe[]): readonly string[] {
  const all = recipes.map(recipeFields);
  const every = new Set(all.flatMap((fields) => [...fields.keys()]));
  return [...every].filter((f) => f !== "seed" && all.some((fields) => !isSame(fields.get(f), all[0].get(f))));
}

/** Fields in which two recipes differ: `method.temperature is 0.2, was 0.1`. */
export function changesBetween(before: Recipe, now: Recipe): readonly string[] {
  const [old, fresh] = [recipeFields(before), recipeFields(now)];
  const shown = (value: unknown) => (value === undefined ? "not given" : JSON.stringify(value));
  return [...new Set([...old.keys(), ...fresh.keys()])]
    .filter((f) => !isSame(old.get(f), fresh.get(f)))
    .map((f) => `${f} is ${shown(fresh.get(f))}, was ${shown(old.get(f))}`);
}

/** The last part of each field's path, or all of it where two end alike. */
export function shortNames(fields: readonly string[]): readonly string[] {
  const last = (field: string) => field.slice(field.lastIndexOf(".") + 1);
  return fields.map((field) => (fields.filter((f) => last(f) === last(field)).length > 1 ? field : last(field)));
}

/** A field's value for people: `100/50/20`, `yes`, `none`. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(shownValue).join("/");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === undefined || value === null
    ? "none"
    : typeof value === "object"
      ? JSON.stringify(value)
      : `${value}`;
}
