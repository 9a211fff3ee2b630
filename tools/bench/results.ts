/** Results as files: `results.json`, and their ratios as a picture for the README. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { writeAtomically } from "../../src/tensorfile/index.js";
import type { Row } from "./measure.js";

export interface Results {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly rows: readonly Row[];
}

export async function writeResults(folder: string, results: Results): Promise<void> {
  await mkdir(folder, { recursive: true });
  const [name, picture, plot] = results.rows.some((row) => row.modelled)
    ? ["ranks.json", "ranks.svg", ranksPlot]
    : results.rows.some((row) => row.series)
      ? ["scaling.json", "scaling.svg", scalingPlot]
      : ["results.json", "ratios.svg", ratiosPlot];
  const encoder = new TextEncoder();
  await writeAtomically(join(folder, name), encoder.encode(`${JSON.stringify(results, null, 2)}\n`));
  await writeAtomically(join(folder, picture), encoder.encode(plot(results.rows)));
}

const style = { background: "white", color: "#222", fontFamily: "system-ui, sans-serif", fontSize: "12px" } as const;

function drawn(options: Plot.PlotOptions): string {
  const { document } = parseHTML("<html><body></body></html>");
  const svg = Plot.plot({ document, style, width: 760, ...options });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${svg.outerHTML}\n`;
}

/** Time by size, each in units of the series' first, on logarithmic axes: in proportion is the dashed line. */
function scalingPlot(rows: readonly Row[]): string {
  const points = rows.filter((row) => row.series);
  const first = (row: Row): Row => points.find((p) => p.series === row.series) as Row;
  const grown = points.map((row) => ({
    series: String(row.series),
    size: Number(row.size) / Number(first(row).size),
    time: Number(row.ms) / Number(first(row).ms),
  }));
  const labels = grown.filter((g, i) => grown[i + 1]?.series !== g.series);
  const most = Math.max(...grown.map((g) => g.size));
  return drawn({
    height: 460,
    marginRight: 230,
    x: { type: "log", label: "size, in units of the smallest measured", grid: true },
    y: { type: "log", label: "time, in units of the first", grid: true },
    color: { domain: labels.map((l) => l.series), scheme: "Dark2" },
    marks: [
      Plot.line(
        [1, most].map((x) => ({ x, y: x })),
        { x: "x", y: "y", stroke: "#888", strokeDasharray: "4 3" },
      ),
      Plot.line(grown, { x: "size", y: "time", stroke: "series" }),
      Plot.dot(grown, { x: "size", y: "time", fill: "series" }),
      ...labels.map((label, i) =>
        Plot.text([label], {
          x: "size",
          y: "time",
          text: "series",
          fill: "series",
          dx: 6,
          dy: 10 * ((i % 3) - 1), // neighbours do not cover each other
          textAnchor: "start",
        }),
      ),
    ],
  });
}

/** The share of a step that computes, by the number of processes. */
function ranksPlot(rows: readonly Row[]): string {
  const points = rows.filter((row) => row.modelled);
  const most = Math.max(...points.map((row) => Number(row.processes)));
  const labels = points.filter((row) => row.processes === most);
  return drawn({
    height: 380,
    marginRight: 190,
    x: { type: "log", base: 2, label: "processes, 32 images of a step each", grid: true },
    y: { label: "share of a step that computes (ResNet-50, 224 px)", domain: [0, 1], grid: true },
    color: { domain: labels.map((row) => String(row.modelled)), scheme: "Dark2" },
    marks: [
      Plot.line(points, { x: "processes", y: "efficiency", stroke: "modelled" }),
      Plot.dot(points, { x: "processes", y: "efficiency", fill: "modelled" }),
      Plot.text(labels, {
        x: "processes",
        y: "efficiency",
        text: "modelled",
        fill: "modelled",
        dx: 8,
        textAnchor: "start",
      }),
    ],
  });
}

/** Time of ours by the peer's, a bar a row; the peer's is 1. */
function ratiosPlot(rows: readonly Row[]): string {
  const bars = rows.filter((row) => typeof row.ratio === "number");
  return drawn({
    marginLeft: 400,
    marginRight: 50,
    marginBottom: 45,
    x: {
      label: "our time / PyTorch's (or the named peer's)",
      domain: [0, Math.max(1.2, ...bars.map((b) => Number(b.ratio)))],
    },
    y: { label: null, domain: bars.map((b) => String(b.name)) },
    marks: [
      Plot.barX(bars, { x: "ratio", y: "name", fill: (b: Row) => (Number(b.ratio) <= 1 ? "#2a7f9e" : "#c2703d") }),
      Plot.text(bars, {
        x: "ratio",
        y: "name",
        text: (b: Row) => Number(b.ratio).toFixed(2),
        dx: 4,
        textAnchor: "start",
      }),
      Plot.ruleX([1], { stroke: "#222", strokeDasharray: "4 3" }),
    ],
  });
}
