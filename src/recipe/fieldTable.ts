/** Every field of a recipe as a Markdown table, from the schema. */
import * as z from "zod";
import { recipeSchema } from "./schema.js";

interface Described {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Described>>;
  /** A group of which some fields belong to a kind. */
  readonly oneOf?: readonly Described[];
  readonly const?: unknown;
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
      if (field.oneOf) return rowsOf(joined(field.oneOf), `${path}${name}.`);
      const whole = `${path}${name}`;
      if (field.properties && !field.description) return rowsOf(field, `${whole}.`);
      const value = field.default === undefined ? undefined : JSON.stringify(field.default);
      const shown = value === undefined ? (required.includes(name) ? "needed" : "") : `\`${value}\``;
      return [`| \`${whole}\` | ${shown} | ${sentence(field.description ?? "")} |`];
    });
}

/** The fields of all kinds as one group, each with the kinds that have it where not all do. */
function joined(kinds: readonly Described[]): Described {
  const names = [...new Set(kinds.flatMap(({ properties = {} }) => Object.keys(properties)))];
  const properties = names.map((name) => {
    const own = kinds.filter(({ properties = {} }) => name in properties);
    const field = own[0].properties?.[name] as Described;
    const of = own.map(({ properties }) => String(properties?.kind?.const)).join(", ");
    const note = own.length < kinds.length ? `${sentence(field.description ?? "")} Of ${of}.` : field.description;
    return [name, { ...field, description: note }] as const;
  });
  return { properties: Object.fromEntries(properties) } as Described;
}

/** Symbols, as τ and m, stay as they are. */
const sentence = (text: string): string =>
  text
    .replace(/^[a-z](?=[a-z])/, (letter) => letter.toUpperCase())
    .replace(/([^.])$/, "$1.")
    .replaceAll("|", "\\|");
