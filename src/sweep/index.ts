/**
 * Sweeps: a file of runs that differ in some of a recipe's fields, what each has given, and both side by side as a table, a
 * CSV file and a plot. What trains and measures a run is the caller's.
 */
export { measuresOf } from "./measure.js";
export { type PlannedRun, parseSweep, planRuns } from "./plan.js";
export { plotOf } from "./plot.js";
export {
  type Group,
  grouped,
  type Images,
  type Measures,
  type RunResult,
  readResults,
  requireSame,
  resultOf,
  writeResults,
} from "./results.js";
export type { Sweep } from "./schema.js";
export { csvOf, tableRows } from "./show.js";
