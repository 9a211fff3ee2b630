/** The charts: each a title, what it says in words, and a drawing by Plot at a width. */
import * as Plot from "@observablehq/plot";
import type { Curves } from "../report/index.js";
import { count, figure } from "./numbers.js";
import { kept, learningRates, losses, type Point, smoothed, spent, thinned } from "./series.js";

export interface Chart {
  readonly title: string;
  /** Takes the whole width. */
  readonly wide?: true;
  /** Null where there is nothing to draw. */
  readonly draw: (curves: Curves, facts: { readonly chanceLoss: number }) => Drawing | null;
}

export interface Drawing {
  /** The chart in a sentence. */
  readonly words: string;
  readonly keys: readonly (readonly [name: string, colour: string])[];
  readonly plot: (width: number) => SVGElement | HTMLElement;
}

const accent = "var(--accent)";
const levels = ["var(--accent)", "var(--second)", "var(--third)"];

/** What all charts share: a faint grid, no axis lines, room for the numbers. */
const frame = (width: number, more: Plot.PlotOptions): SVGElement | HTMLElement =>
  Plot.plot({
    width,
    height: 230,
    marginLeft: 46,
    marginRight: 14,
    marginTop: 14,
    marginBottom: 34,
    style: { background: "none", fontSize: "11.5px", overflow: "visible" },
    ...more,
    // Steps and epochs are counted: their ticks are whole.
    x: {
      label: "step",
      labelArrow: "none",
      ticks: Math.max(3, Math.floor(width / 90)),
      tickSize: 0,
      tickFormat: (value: number) => (Number.isInteger(value) ? count(value) : ""),
      ...more.x,
    },
    y: { label: null, grid: true, ticks: 5, tickSize: 0, ...more.y },
  });

/** A line that follows the pointer and says where it is. */
const pointer = (points: readonly Point[], unit = ""): Plot.Markish =>
  Plot.tip(
    points,
    Plot.pointerX({
      x: "step",
      y: "value",
      fill: "var(--raised)",
      stroke: "var(--line)",
      title: ({ step, value, series }: Point) => `${series}: ${figure(value)}${unit}\nstep ${figure(step)}`,
    }),
  );

export const charts: readonly Chart[] = [
  {
    title: "Loss",
    wide: true,
    draw({ steps }, { chanceLoss }) {
      if (steps.length === 0) return null;
      const raw = thinned(losses(steps), 1200);
      const smooth = smoothed(raw, Math.min(10, raw.length / 30));
      const last = smooth[smooth.length - 1];
      return {
        words: `Loss by step: ${figure(raw[0].value)} at step ${raw[0].step}, ${figure(last.value)} at step ${last.step}; chance is ${figure(chanceLoss)}.`,
        keys: [
          ["smoothed", accent],
          ["each step", "var(--faint)"],
          ["chance", "var(--muted)"],
        ],
        plot: (width) =>
          frame(width, {
            height: 280,
            y: { domain: [0, Math.max(chanceLoss, ...raw.map((point) => point.value)) * 1.04] },
            marks: [
              Plot.ruleY([chanceLoss], { stroke: "var(--muted)", strokeDasharray: "4 4" }),
              Plot.lineY(raw, { x: "step", y: "value", stroke: "var(--faint)", strokeWidth: 1 }),
              Plot.lineY(smooth, { x: "step", y: "value", stroke: accent, strokeWidth: 2 }),
              pointer(smooth),
            ],
          }),
      };
    },
  },
  {
    title: "Online kNN accuracy",
    draw({ epochs }) {
      const points = epochs.flatMap(({ epoch, onlineKnn }) =>
        onlineKnn === undefined ? [] : [{ step: epoch, value: onlineKnn, series: "kNN" }],
      );
      if (points.length === 0) return null;
      const last = points[points.length - 1];
      return {
        words: `Online kNN by epoch: ${figure(points[0].value)} % at first, ${figure(last.value)} % after ${last.step} epochs.`,
        keys: [["a fifth of the images, by the rest", accent]],
        plot: (width) =>
          frame(width, {
            x: { label: "epoch" },
            y: { nice: true, tickFormat: (value: number) => `${figure(value)} %` },
            marks: [
              Plot.lineY(points, { x: "step", y: "value", stroke: accent, strokeWidth: 2 }),
              Plot.dot(points.length < 40 ? points : [last], { x: "step", y: "value", fill: accent, r: 3 }),
              Plot.tip(
                points,
                Plot.pointerX({
                  x: "step",
                  y: "value",
                  fill: "var(--raised)",
                  stroke: "var(--line)",
                  title: ({ step, value }: Point) => `${figure(value)} %\nafter ${step} epochs`,
                }),
              ),
            ],
          }),
      };
    },
  },
  {
    title: "Learning rate",
    draw({ steps }) {
      if (steps.length === 0) return null;
      const points = thinned(learningRates(steps), 600);
      const highest = Math.max(...points.map((point) => point.value));
      return {
        words: `Learning rate by step: at most ${figure(highest)}, ${figure(points[points.length - 1].value)} last.`,
        keys: [["by step", accent]],
        plot: (width) =>
          frame(width, {
            y: { domain: [0, highest * 1.04 || 1], tickFormat: ".2~g" },
            marks: [Plot.lineY(points, { x: "step", y: "value", stroke: accent, strokeWidth: 2 }), pointer(points)],
          }),
      };
    },
  },
  {
    title: "Time by epoch",
    draw({ epochs }) {
      if (epochs.length === 0) return null;
      const parts = spent(epochs);
      const last = epochs[epochs.length - 1];
      const keys = [
        ["steps", accent],
        ["clustering", "var(--second)"],
        ["waiting for images", "var(--third)"],
      ] as const;
      return {
        words: `Seconds by epoch: the last took ${figure(last.seconds)} s, ${figure(last.clusterSeconds)} s of it clustering.`,
        keys,
        plot: (width) =>
          frame(width, {
            x: { label: "epoch" },
            y: { tickFormat: (seconds: number) => `${figure(seconds)} s` },
            color: { domain: keys.map(([name]) => name), range: keys.map(([, colour]) => colour) },
            marks: [
              Plot.rectY(parts, {
                x1: ({ epoch }) => epoch - 0.5,
                x2: ({ epoch }) => epoch + 0.5,
                y: "seconds",
                fill: "on",
                inset: width / epochs.length > 8 ? 0.5 : 0,
                order: keys.map(([name]) => name),
                title: ({ epoch, on, seconds }) => `epoch ${epoch}: ${figure(seconds)} s ${on}`,
              }),
            ],
          }),
      };
    },
  },
  keptChart("Instance negatives kept", "instanceKept"),
  keptChart("Prototype negatives kept", "prototypeKept"),
];

function keptChart(title: string, of: "instanceKept" | "prototypeKept"): Chart {
  return {
    title,
    draw({ steps }) {
      const points = thinned(kept(steps, of), 300);
      if (points.length === 0) return null;
      const names = [...new Set(points.map((point) => point.series))];
      const colour = (i: number): string => levels[i % levels.length];
      const smooth = names.flatMap((name) => {
        const series = points.filter((point) => point.series === name);
        return smoothed(series, Math.min(5, series.length / 20));
      });
      return {
        words: `${title}: ${names.map((name) => `${name} ${figure(smooth.findLast((p) => p.series === name)?.value ?? 0)} %`).join(", ")} at the last step.`,
        keys: names.map((name, i) => [name, colour(i)] as const),
        plot: (width) =>
          frame(width, {
            y: { nice: true, tickFormat: (value: number) => `${figure(value)} %` },
            color: { domain: names, range: names.map((_, i) => colour(i)) },
            marks: [
              Plot.lineY(smooth, { x: "step", y: "value", stroke: "series", strokeWidth: 1.8 }),
              pointer(smooth, " %"),
            ],
          }),
      };
    },
  };
}
