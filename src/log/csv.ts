/** A run's metrics as a table. */
import type { Metric } from "../train/index.js";
import { scalarsOf } from "./scalars.js";

/**
 * One line for each metric, in order: kind, step, and a column for every number that any of them has; empty where a metric has it not.
 * Numbers as JavaScript writes them, names as `scalarsOf` gives them without the kind.
 */
export function metricsCsv(metrics: readonly Metric[]): string {
  const rows = metrics.map((metric) => ({
    head: [metric.kind, String(metric.step)],
    numbers: new Map(scalarsOf(metric).map(([tag, value]) => [tag.slice(metric.kind.length + 1), value])),
  }));
  const columns = [...new Set(rows.flatMap(({ numbers }) => [...numbers.keys()]))];
  const lines = rows.map(({ head, numbers }) => [...head, ...columns.map((c) => numbers.get(c) ?? "")].join(","));
  return [["kind", "step", ...columns].join(","), ...lines].map((line) => `${line}\n`).join("");
}
