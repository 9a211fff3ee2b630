/** The numbers of a trained run that its folder gives. */
import type { Metric } from "../train/index.js";
import type { Measures } from "./results.js";

/** From the lines of a run's metrics, so that a run in several sessions gives what one in a single session gives. */
export function measuresOf(metrics: readonly Metric[]): Pick<Measures, "loss" | "seconds"> {
  const steps = metrics.filter((m) => m.kind === "step");
  const last = steps.filter((m) => m.epoch === steps.at(-1)?.epoch).map((m) => m.loss as number);
  const sessions = metrics.filter((m) => m.kind === "session").map((m) => m.seconds as number);
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return { loss: sum(last) / last.length, seconds: sum(sessions) };
}
