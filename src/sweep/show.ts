/** A sweep's results as rows: a table for people, with means over seeds, and a CSV file of every run. */
import { recipeFields } from "../recipe/index.js";
import { shortNames, shownValue, varyingFields } from "./fields.js";
import type { Group, Measures, RunResult, Spread } from "./results.js";

/** How a measure is called and written. */
const columns: readonly {
  readonly measure: keyof Measures;
  readonly title: string;
  readonly shown: (x: number) => string;
}[] = [
  { measure: "loss", title: "loss", shown: (x) => x.toFixed(3) },
  { measure: "knnBefore", title: "kNN before %", shown: (x) => x.toFixed(2) },
  { measure: "knnAfter", title: "kNN after %", shown: (x) => x.toFixed(2) },
  { measure: "ami", title: "AMI", shown: (x) => x.toFixed(3) },
  { measure: "seconds", title: "time s", shown: (x) => x.toFixed(0) },
];

/** Head and rows: run, the settings in which the runs differ, what was measured, `mean ± deviation` over several seeds. */
export function tableRows(groups: readonly Group[]): readonly (readonly string[])[] {
  const fields = varyingFields(groups.map((g) => g.recipe));
  const shown = columns.filter(({ measure }) => groups.some((g) => g.measures[measure] !== null));
  const seeds = groups.some((g) => g.seeds.length > 1);
  return [
    ["run", ...shortNames(fields), ...(seeds ? ["seeds"] : []), ...shown.map((c) => c.title)],
    ...groups.map((g) => {
      const values = recipeFields(g.recipe);
      return [
        g.name,
        ...fields.map((field) => shownValue(values.get(field))),
        ...(seeds ? [String(g.seeds.length)] : []),
        ...shown.map((c) => withDeviation(g.measures[c.measure], g.seeds.length, c.shown)),
      ];
    }),
  ];
}

function withDeviation(spread: Spread | null, seeds: number, shown: (x: number) => string): string {
  if (!spread) return "–";
  return seeds > 1 ? `${shown(spread.mean)} ± ${shown(spread.deviation)}` : shown(spread.mean);
}

/** A line a run and seed: its folder, every setting in which the runs differ by its full name, and the numbers as they are. */
export async function csvOf(results: readonly RunResult[]): Promise<string> {
  const { csvFormatRows } = await import("d3");
  const fields = varyingFields(results.map((r) => r.recipe));
  const head = ["run", "seed", "folder", ...fields, ...columns.map((c) => c.measure)];
  const rows = results.map((r) => {
    const values = recipeFields(r.recipe);
    return [
      r.name,
      String(r.recipe.seed),
      `runs/${r.slug}`,
      ...fields.map((field) => shownValue(values.get(field))),
      ...columns.map((c) => String(r[c.measure] ?? "")),
    ];
  });
  return `${csvFormatRows([head, ...rows])}\n`;
}
