/** Numbers over steps and epochs as the curves show them. */
import { group, mean } from "d3";
import type { Curves } from "../report/index.js";

type Step = Curves["steps"][number];
type Epoch = Curves["epochs"][number];

export interface Point {
  readonly step: number;
  readonly value: number;
  /** A line of its own for each. */
  readonly series: string;
}

/** The mean of runs of neighbours, so that at most `most` points are left. */
export function thinned(points: readonly Point[], most: number): readonly Point[] {
  return Array.from(group(points, (point) => point.series).values()).flatMap((series) => {
    const run = Math.ceil(series.length / most);
    if (run <= 1) return series;
    return Array.from({ length: Math.ceil(series.length / run) }, (_, i) => {
      const part = series.slice(i * run, (i + 1) * run);
      return { ...part[part.length - 1], value: mean(part, (point) => point.value) ?? 0 };
    });
  });
}

/** The mean of the points around each, `reach` to either side where there are that many: it does not lag behind. */
export function smoothed(points: readonly Point[], reach: number): readonly Point[] {
  return points.map((point, i) => {
    const around = Math.floor(reach);
    return {
      ...point,
      value: mean(points.slice(Math.max(0, i - around), i + around + 1), ({ value }) => value) ?? point.value,
    };
  });
}

export const losses = (steps: readonly Step[]): readonly Point[] =>
  steps.map(({ step, loss }) => ({ step, value: loss, series: "loss" }));

export const learningRates = (steps: readonly Step[]): readonly Point[] =>
  steps.map(({ step, learningRate }) => ({ step, value: learningRate, series: "learning rate" }));

/** Percent of negatives kept, by level. */
export function kept(steps: readonly Step[], of: "instanceKept" | "prototypeKept"): readonly Point[] {
  return steps.flatMap((metric) =>
    (metric[of] ?? []).map((share, level) => ({
      step: metric.step,
      value: 100 * share,
      series: `level ${level + 1}`,
    })),
  );
}

export interface Spent {
  readonly epoch: number;
  readonly on: "steps" | "clustering" | "waiting for images";
  readonly seconds: number;
}

/** Where each epoch's time went. */
export const spent = (epochs: readonly Epoch[]): readonly Spent[] =>
  epochs.flatMap(({ epoch, seconds, clusterSeconds, waitingShare }) => {
    const waiting = Math.max(0, waitingShare * (seconds - clusterSeconds));
    return [
      { epoch: epoch + 1, on: "steps", seconds: seconds - clusterSeconds - waiting },
      { epoch: epoch + 1, on: "clustering", seconds: clusterSeconds },
      { epoch: epoch + 1, on: "waiting for images", seconds: waiting },
    ] as const;
  });

/** After more steps and epochs; one that was seen before replaces all from there on, as a resumed run does. */
export function extended(curves: Curves, more: Curves): Curves {
  const before = <M extends { readonly step: number }>(old: readonly M[], next: readonly M[]): readonly M[] => {
    if (next.length === 0) return old;
    const end = old.findLastIndex((metric) => metric.step < next[0].step) + 1;
    return [...old.slice(0, end), ...next];
  };
  return { steps: before(curves.steps, more.steps), epochs: before(curves.epochs, more.epochs) };
}
