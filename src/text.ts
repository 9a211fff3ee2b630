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

/** `1 h 02 min`, `3 min 20 s`, `12 s`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, "0")} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s` : `${s} s`;
}

export const percent = (x: number, digits = 1): string => `${x.toFixed(digits)} %`;

/** `1 step`, `2 steps`. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
