/** The numbers of a trained run that its folder and its labels give. */
import { clusteringScores } from "../eval/index.js";
import type { Checkpoint, Metric } from "../train/index.js";
import type { Measures } from "./results.js";

/** From the lines of a run's metrics, so that a run in several sessions gives what one in a single session gives. */
export function measuresOf(metrics: readonly Metric[]): Pick<Measures, "loss" | "seconds"> {
  const steps = metrics.filter((m) => m.kind === "step");
  const last = steps.filter((m) => m.epoch === steps.at(-1)?.epoch).map((m) => m.loss as number);
  const sessions = metrics.filter((m) => m.kind === "session").map((m) => m.seconds as number);
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return { loss: sum(last) / last.length, seconds: sum(sessions) };
}

/**
 * Adjusted mutual information of the last clustering's finest level and the labels.
 *
 * @param broken - images that could not be read, left out
 * @returns null without a clustering or labels
 */
export function finestAmi(
  { assignments }: Checkpoint,
  labels: Int32Array | null,
  broken: ReadonlySet<number>,
): number | null {
  if (!labels || assignments.length === 0) return null;
  const kept = Array.from(labels.keys()).filter((i) => !broken.has(i));
  const of = (ids: Int32Array) => Int32Array.from(kept, (i) => ids[i]);
  return clusteringScores(of(labels), of(assignments[0])).ami;
}
