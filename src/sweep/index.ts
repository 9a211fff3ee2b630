/**
 * Sweeps: runs that differ in some of a recipe's fields, trained and measured one after the other, and what they have given side by
 * side as a table, a CSV file and a plot.
 *
 * @module hcsc/sweep
 */
export { runPath } from "./folder.js";
export { type Group, grouped, type Images, type Measures, type RunResult, type Spread } from "./results.js";
export type { Sweep } from "./schema.js";
export { tableRows } from "./show.js";
export { type FailedRun, type SweepOutcome, type SweepRequest, trainSweep } from "./train.js";
