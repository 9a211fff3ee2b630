/** The fields in which a sweep's recipes differ, and how they are shown. */
import { isSameValue, type Recipe, recipeFields } from "../recipe/index.js";

/** Fields in which any of the recipes differs from the first, but for the seed. */
export function varyingFields(recipes: readonly Recipe[]): readonly string[] {
  const all = recipes.map(recipeFields);
  const every = new Set(all.flatMap((fields) => [...fields.keys()]));
  return [...every].filter((f) => f !== "seed" && all.some((fields) => !isSameValue(fields.get(f), all[0].get(f))));
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
