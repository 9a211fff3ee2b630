/** Every field of a recipe as a Markdown table, from the schema. */
import { z } from "zod";
import { recipeSchema } from "./schema.js";

interface Described {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
}

/** Rows `field | default | meaning`. */
export function recipeFieldTable(): string {
  const rows = rowsOf(z.toJSONSchema(recipeSchema, { io: "input" }) as Described, "");
  return ["| field | default | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** A group of fields is a row for each; one with a default of its own, as `views.jitter`, is one row. */
function rowsOf({ properties = {}, required = [] }: Described, path: string): readonly string[] {
  return Object.entries(properties)
    .filter(([name]) => name !== "$schema")
    .flatMap(([name, field]) => {
      const whole = `${path}${name}`;
      if (field.properties && !field.description) return rowsOf(field, `${whole}.`);
      const value = field.default === undefined ? undefined : JSON.stringify(field.default);
      const shown = value === undefined ? (required.includes(name) ? "needed" : "") : `\`${value}\``;
      return [`| \`${whole}\` | ${shown} | ${sentence(field.description ?? "")} |`];
    });
}

/** Symbols, as τ and m, stay as they are. */
const sentence = (text: string): string =>
  text
    .replace(/^[a-z](?=[a-z])/, (letter) => letter.toUpperCase())
    .replace(/([^.])$/, "$1.")
    .replaceAll("|", "\\|");
