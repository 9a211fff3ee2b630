/** What a schema has against data, in sentences that name the field. */
import * as z from "zod";
import { type Sentence, said } from "../errors.js";

/**
 * @param schema - what the data was held against: a misspelt field is shown the nearest of its own
 * @param whole - what to call the data itself
 */
export function problemsOf(error: z.ZodError, schema: z.ZodType, whole: string): Sentence {
  const problems = error.issues.map((issue) => {
    const path = issue.path.join(".") || whole;
    if (issue.code === "unrecognized_keys")
      return said`${{ field: `${path === whole ? "" : `${path}.`}${issue.keys.join(", ")}` }}: no such field${suggestion(schema, issue.keys[0], issue.path)}`;
    return said`${{ field: path }}: ${wordsOf(issue)}`;
  });
  return problems.reduce((all, next) => said`${all}; ${next}`);
}

/** What is wrong with a field. */
export const wordsOf = ({ message }: Pick<z.core.$ZodIssue, "message">): string =>
  message.replace(/^Invalid input: expected (.+), received undefined$/, "is missing: $1 is expected");

interface Group {
  readonly properties?: Readonly<Record<string, Group>>;
  readonly oneOf?: readonly Group[];
  readonly const?: unknown;
}

/** What to write instead: the nearest name there is; or of which kinds the field is, where the group has kinds. */
function suggestion(schema: z.ZodType, key: string, path: readonly PropertyKey[]): string {
  let group: Group | undefined = z.toJSONSchema(schema, { io: "input" }) as Group;
  for (const part of path) group = group?.properties?.[String(part)];
  const kinds = group?.oneOf ?? (group ? [group] : []);
  const owners = kinds.flatMap(({ properties = {} }) => (key in properties ? [properties.kind?.const] : []));
  if (owners.length > 0) return ` of this kind (only of ${owners.join(", ")})`;
  const names = [...new Set(kinds.flatMap(({ properties }) => Object.keys(properties ?? {})))];
  const near = names.map((n) => ({ n, d: distance(n.toLowerCase(), key.toLowerCase()) })).sort((a, b) => a.d - b.d)[0];
  return near && near.d <= 3 ? ` (did you mean ${near.n}?)` : ` (known: ${names.join(", ")})`;
}

/** Edit distance (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length];
}
