/**
 * A sweep as one picture: a line for a grid over one number, else a bar a run. It has its own background, dark where the
 * viewer asks for dark, so that it can be read wherever it is shown.
 */
import type { PlotOptions } from "@observablehq/plot";
import { recipeFields } from "../recipe/index.js";
import { shortNames, varyingFields } from "./fields.js";
import type { Group, Measures, Spread } from "./results.js";

interface Scale {
  readonly measure: keyof Measures;
  readonly label: string;
  readonly shown: (x: number) => string;
}

/** What is drawn: the first that was measured. */
const scales: readonly Scale[] = [
  { measure: "knnAfter", label: "kNN top-1 after training (%)", shown: (x) => x.toFixed(1) },
  { measure: "ami", label: "AMI of the finest level", shown: (x) => x.toFixed(3) },
  { measure: "loss", label: "loss of the last epoch", shown: (x) => x.toFixed(3) },
];

interface Point extends Spread {
  readonly name: string;
  /** Of the grid's field. */
  readonly at: number;
  readonly text: string;
}

/** Loaded when it is needed: it takes a second. */
type Library = typeof import("@observablehq/plot");

const [width, barHeight, letter] = [720, 30, 7.2];

/** @param isGrid - whether the runs are the values of a grid, which are drawn as a line where they are numbers of one field */
export async function plotOf(title: string, groups: readonly Group[], isGrid: boolean): Promise<string> {
  const plot = await import("@observablehq/plot");
  const { measure, label, shown } = scales.find((s) => groups.some((g) => g.measures[s.measure])) ?? scales[2];
  const fields = varyingFields(groups.map((g) => g.recipe));
  const points = groups.flatMap((g): Point[] => {
    const spread = g.measures[measure];
    if (!spread) return [];
    const text = g.seeds.length > 1 ? `${shown(spread.mean)} ± ${shown(spread.deviation)}` : shown(spread.mean);
    return [{ name: g.name, at: recipeFields(g.recipe).get(fields[0]) as number, text, ...spread }];
  });
  const isLine = isGrid && fields.length === 1 && points.every((p) => typeof p.at === "number");
  const options = isLine ? lineOf(plot, points, shortNames(fields)[0]) : barsOf(plot, points);
  return drawn(plot, title, label, options);
}

const lineOf = (plot: Library, points: readonly Point[], field: string): PlotOptions => ({
  height: 400,
  marginLeft: 56,
  marginTop: 72,
  marginRight: 40,
  marginBottom: 48,
  x: {
    label: field,
    ticks: points.map((p) => p.at),
    tickFormat: String,
    type: scaleFor(points),
    inset: 40,
  },
  y: { label: null, grid: true, nice: true, inset: 24 },
  marks: [
    plot.line(points, { x: "at", y: "mean", sort: "at", className: "value", strokeWidth: 2 }),
    plot.ruleX(points, { x: "at", y1: low, y2: high, className: "spread", strokeWidth: 1.5 }),
    plot.dot(points, { x: "at", y: "mean", r: 4, className: "mark" }),
    plot.text(points, { x: "at", y: high, text: "text", dy: -12, fontWeight: "bold" }),
  ],
});

const barsOf = (plot: Library, points: readonly Point[]): PlotOptions => ({
  height: points.length * barHeight + 100,
  marginLeft: 24 + letter * Math.max(...points.map((p) => shortened(p.name).length)),
  marginTop: 64,
  marginRight: 24 + letter * Math.max(...points.map((p) => p.text.length)),
  marginBottom: 32,
  x: { label: null, grid: true },
  y: { label: null, domain: points.map((p) => p.name), tickFormat: shortened, tickSize: 0, padding: 0.25 },
  marks: [
    plot.barX(points, { x: "mean", y: "name", className: "bar" }),
    plot.ruleY(points, { x1: low, x2: high, y: "name", className: "spread", strokeWidth: 1.5 }),
    plot.ruleX([0]),
    plot.text(points, { x: high, y: "name", text: "text", textAnchor: "start", dx: 6, fontWeight: "bold" }),
  ],
});

const longestName = 48;

const shortened = (name: string): string => (name.length > longestName ? `${name.slice(0, longestName - 1)}…` : name);

const low = (p: Point): number => p.mean - p.deviation;
const high = (p: Point): number => p.mean + p.deviation;

/** Logarithmic where the values span more than a factor of ten. */
const scaleFor = (points: readonly Point[]): "log" | "linear" => {
  const [least, most] = [Math.min(...points.map((p) => p.at)), Math.max(...points.map((p) => p.at))];
  return least > 0 && most / least > 10 ? "log" : "linear";
};

const colours = `
.sweep { color: #24292f; }
.sweep .paper { fill: #ffffff; }
.sweep .bar, .sweep .mark { fill: #2f6fb7; stroke: none; }
.sweep .value { stroke: #2f6fb7; }
.sweep .spread { stroke: #24292f; }
@media (prefers-color-scheme: dark) {
  .sweep { color: #e6edf3; }
  .sweep .paper { fill: #161b22; }
  .sweep .bar, .sweep .mark { fill: #6ca4e8; }
  .sweep .value { stroke: #6ca4e8; }
  .sweep .spread { stroke: #e6edf3; }
}`;

async function drawn(plot: Library, title: string, subtitle: string, options: PlotOptions): Promise<string> {
  const { parseHTML } = await import("linkedom");
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = plot.plot({ ...options, document, width, className: "sweep", style: { fontSize: "13px" } });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  svg.setAttribute("role", "img");
  const add = (name: string, text: string, attributes: Readonly<Record<string, string | number>>) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    element.textContent = text;
    return element;
  };
  svg.prepend(
    add("title", title, {}),
    add("style", colours, {}),
    add("rect", "", { class: "paper", width: "100%", height: "100%" }),
    add("text", title, { x: 16, y: 26, "text-anchor": "start", "font-size": 16, "font-weight": "bold" }),
    add("text", subtitle, { x: 16, y: 46, "text-anchor": "start" }),
  );
  return `${svg.outerHTML}\n`;
}
