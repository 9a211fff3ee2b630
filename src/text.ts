/** Results as text: one JSON object, or aligned lines for people. */

/** `result` as JSON when asked, else the lines. */
export const asText = (json: boolean | undefined, result: unknown, lines: readonly string[]): string =>
  json ? `${JSON.stringify(result)}\n` : `${lines.join("\n")}\n`;

/** Rows of cells as aligned columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((r) => r[i].length)));
  return rows.map((r) =>
    r
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join("  ")
      .trimEnd(),
  );
}

/** Rows of cells as a Markdown table. */
export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
/** Signs in our own words, for terminals without them; names keep theirs. */
const plainSigns: Readonly<Record<string, string>> = { "→": "->", "…": "...", "×": "x", "·": "-", "–": "-", "−": "-" };

export const inPlainSigns = (text: string): string => text.replaceAll(/[→…×·–−]/g, (sign) => plainSigns[sign]);

const longest = 1000;

/**
 * Text of unknown origin as one line that a person reads and a terminal shows: control characters and what turns the direction of
 * writing as escapes, and of more than 1,000 characters the beginning and the end.
 */
export function oneLine(text: string): string {
  const cut = text.length <= longest ? text : `${text.slice(0, longest * 0.7)} … ${text.slice(-longest * 0.3)}`;
  return cut.replaceAll(
    /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu,
    (c) => escapes[c] ?? `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `1 h 02 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s` : `${s} s`;
}

export const percent = (x: number, digits = 1): string => `${x.toFixed(digits)} %`;

/** `1 step`, `2 steps`. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
