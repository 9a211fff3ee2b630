/** How cost grows: each point is measured in a process of its own, and a line through a series' logarithms gives its exponent. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { hierarchy } from "../../src/cluster/index.js";
import { nearestCentroidOn } from "../../src/engine/index.js";
import type { Recipe } from "../../src/recipe/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { measuredRun } from "../measuredRun.js";
import { flags } from "./flags.js";
import { median, type Row, rounded, timed, timings, uniform } from "./measure.js";
import { readyStep, recipeOf, stepCases } from "./steps.js";

interface Cost {
  readonly seconds: number;
  readonly peakMiB: number | null;
}

interface Series {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly measure: (size: number) => Promise<Cost>;
}

const peak = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

async function step(recipe: Recipe): Promise<Cost> {
  const engine = await openEngine();
  const { run } = await readyStep(engine, recipe, await chooseTarget(engine));
  await timings(1, run); // the first touch of memory is slow on some machines
  const seconds = median(await timings(Number(flags.steps), run));
  await engine.close();
  return { seconds, peakMiB: peak() };
}

const small = stepCases["resnet20, batch 64, 32 px"];
const large = stepCases["resnet18, batch 8, 224 px"];

/** Unit rows around as many centres as the finest level has clusters. */
function features(count: number, width: number, centres: number): { shape: [number, number]; data: Float32Array } {
  const data = new Float32Array(count * width);
  const middle = Float32Array.from({ length: centres * width }, () => uniform() - 0.5);
  for (let row = 0; row < count; row++) {
    const [at, centre] = [row * width, (row % centres) * width];
    let squares = 0;
    for (let d = 0; d < width; d++) {
      const x = middle[centre + d] + 0.3 * (uniform() - 0.5);
      data[at + d] = x;
      squares += x * x;
    }
    for (let d = 0; d < width; d++) data[at + d] /= Math.sqrt(squares);
  }
  return { shape: [count, width], data };
}

async function clustering(count: number): Promise<Cost> {
  const engine = await openEngine();
  const points = features(count, 128, 500);
  const options = { iterations: 5, restarts: 1, temperature: 0.2, variant: "paper", seed: 0 } as const;
  const nearest = await nearestCentroidOn(engine);
  const { seconds } = await timed(() => hierarchy(points, { ...options, clusters: [500, 100, 20], nearest }));
  await engine.close();
  return { seconds, peakMiB: peak() };
}

async function epoch(images: number): Promise<Cost> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-scaling-"));
  const hcsc = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
  const train = ["train", "--recipe", "fashion-mnist-peer", "--data", `data/fashion-mnist[0:${images}]`];
  const out = join(folder, "run");
  const ended = await measuredRun(process.execPath, [hcsc, ...train, "--epochs", "2", "--out", out, "--json"]);
  const lines = (await readFile(join(out, "metrics.jsonl"), "utf8")).trim().split("\n");
  await rm(folder, { recursive: true });
  const epochs = lines.map((line) => JSON.parse(line)).filter((m) => m.kind === "epoch");
  return { seconds: epochs.at(-1).seconds, peakMiB: ended.peakMiB };
}

const series: readonly Series[] = [
  { name: "step by batch", sizes: [16, 32, 64, 128, 256], measure: (n) => step(recipeOf(small, `batchSize=${n}`)) },
  {
    name: "step by queue",
    sizes: [1024, 4096, 16_384, 65_536],
    measure: (n) => step(recipeOf(small, `method.queue=${n}`)),
  },
  {
    name: "step by clusters of the finest level",
    sizes: [100, 400, 1600, 6400],
    measure: (n) => step(recipeOf(small, `method.clusters=[${n},50,20]`)),
  },
  {
    name: "step by side of the image, pixels",
    sizes: [64, 96, 128, 192, 256],
    measure: (n) => step(recipeOf(large, `encoder.imageSize=${n}`)),
  },
  { name: "clustering by features", sizes: [1000, 10_000, 100_000, 1_000_000], measure: clustering },
  { name: "epoch by images", sizes: [1250, 2500, 5000, 10_000], measure: epoch },
];

export const scalingRows = series.flatMap(({ name, sizes, measure }) =>
  sizes.map((size) => ({
    name: `scaling: ${name}: ${size}`,
    measure: async (own: string): Promise<Row> => {
      const { seconds, peakMiB } = await measure(size);
      return { name: own, series: name, size, ms: rounded(1000 * seconds), peakMiB };
    },
  })),
);

/** The slope of the least-squares line of log y on log x: 1 where cost is in proportion to size. */
export function exponent(x: readonly number[], y: readonly number[]): number {
  const mean = (v: readonly number[]) => v.reduce((a, b) => a + b, 0) / v.length;
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const [mu, mv] = [mean(u), mean(v)];
  const products = u.map((a, i) => (a - mu) * (v[i] - mv));
  return rounded(mean(products) / mean(u.map((a) => (a - mu) ** 2)));
}

/** A row a series: the exponents of its time and memory over all its sizes, and of its time over the last two. */
export function fits(points: readonly Row[]): readonly Row[] {
  return series.flatMap(({ name }) => {
    const own = points.filter((p) => p.series === name);
    if (own.length < 2) return [];
    const numbers = (of: string, rows: readonly Row[]) => rows.map((p) => Number(p[of]));
    const fitted = (of: string, rows = own) => exponent(numbers("size", rows), numbers(of, rows));
    return [
      {
        name: `fit: ${name}`,
        timeExponent: fitted("ms"),
        lastTimeExponent: fitted("ms", own.slice(-2)),
        memoryExponent: own.every((p) => p.peakMiB !== null) ? fitted("peakMiB") : null,
      },
    ];
  });
}
