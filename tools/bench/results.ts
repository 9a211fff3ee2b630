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
  const encoder = new TextEncoder();
  await writeAtomically(join(folder, "results.json"), encoder.encode(`${JSON.stringify(results, null, 2)}\n`));
  await writeAtomically(join(folder, "ratios.svg"), encoder.encode(ratiosPlot(results.rows)));
}

/** Time of ours by the peer's, a bar a row; the peer's is 1. */
function ratiosPlot(rows: readonly Row[]): string {
  const { document } = parseHTML("<html><body></body></html>");
  const bars = rows.filter((row) => typeof row.ratio === "number");
  const svg = Plot.plot({
    document,
    width: 760,
    marginLeft: 330,
    marginRight: 50,
    style: { background: "white", color: "#222", fontFamily: "system-ui, sans-serif", fontSize: "12px" },
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
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return `${svg.outerHTML}\n`;
}
