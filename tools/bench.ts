/**
 * `npm run bench`: times what users wait for, and prints a table (`--json`: one object). With `--peer FOLDER --python PYTHON`
 * the PyTorch peer runs between ours, interleaved, and ratios are ours / peer. Run nothing else meanwhile. Each training step
 * is measured in a process of its own, so that its peak memory is its own: `--case PART` picks some, in this process.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { DenseArray } from "../src/array.js";
import {
  compile,
  encoderModel,
  encoderSettings,
  fusedStep,
  initialEncoder,
  prepareProgram,
  type StepSettings,
  stepSettings,
} from "../src/artifacts/index.js";
import { print, table } from "../src/cli/print.js";
import { hierarchy, unitRows } from "../src/cluster/index.js";
import { type Picture, randomView } from "../src/data/index.js";
import { normal, random } from "../src/random.js";
import { overrideRecipe, parseRecipe, type Recipe } from "../src/recipe/index.js";
import { chooseTarget, type Engine, nearestCentroidOn, openEngine } from "../src/runtime/index.js";
import { initialState } from "../src/train/index.js";
import { viewPolicies } from "../src/train/views.js";
import { versions } from "../src/version.js";
import { measuredRun } from "./measuredRun.js";

const { values: flags } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    peer: { type: "string" },
    python: { type: "string", default: "python3" },
    rounds: { type: "string", default: "3" },
    steps: { type: "string", default: "10" },
    case: { type: "string", multiple: true },
  },
});

/** Steps by name: fields of a recipe, and the peer's encoder name. */
const stepCases = {
  "resnet20, batch 64, 32 px": { backbone: "resnet20", batchSize: 64, imageSize: 32, peer: "resnet20" },
  "resnet8, batch 128, 28 px": { backbone: "resnet8", batchSize: 128, imageSize: 28, peer: "resnet8" },
  "resnet18 small stem, batch 32, 32 px": {
    backbone: "resnet18-small",
    batchSize: 32,
    imageSize: 32,
    peer: "resnet18-cifar",
  },
  "resnet18, batch 8, 224 px": { backbone: "resnet18", batchSize: 8, imageSize: 224, peer: "resnet18" },
} as const;

type StepCase = (typeof stepCases)[keyof typeof stepCases];
type Row = Record<string, number | string | null>;

const next = random(1);
const gaussian = (shape: readonly number[]): DenseArray<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => normal(next)),
});
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const rounded = (x: number): number => Math.round(100 * x) / 100;
const ratio = (ours: number, theirs: number): number => rounded(ours / theirs);
const milliseconds = (seconds: number): number => Math.round(seconds * 1e5) / 100;

async function timed<T>(work: () => Promise<T> | T): Promise<{ result: T; seconds: number }> {
  const began = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - began) / 1000 };
}

function recipeOf(c: StepCase): Recipe {
  const fields = [`encoder.backbone=${c.backbone}`, `batchSize=${c.batchSize}`, `encoder.imageSize=${c.imageSize}`];
  const base = {
    name: "bench",
    encoder: { backbone: "resnet8", imageSize: 28 },
    method: { queue: 4096, clusters: [100, 50, 20] },
    epochs: 1,
    batchSize: 64,
  };
  return parseRecipe(overrideRecipe(base, fields), "bench");
}

/** Random values for everything that a step takes and the state does not hold. */
function randomFeeds(
  s: StepSettings,
  inputs: ReturnType<typeof compile>["inputs"],
  held: ReadonlySet<string>,
): Record<string, DenseArray> {
  const feeds: Record<string, DenseArray> = {};
  for (const { name, dtype, shape } of inputs) {
    if (held.has(name)) continue;
    const sizes = shape as readonly number[];
    const count = sizes.reduce((p, d) => p * d, 1);
    if (dtype === "int64")
      feeds[name] = { shape: sizes, data: BigInt64Array.from({ length: count }, (_, i) => BigInt(i % s.batchSize)) };
    else if (name.startsWith("images/")) feeds[name] = gaussian(sizes);
    else
      feeds[name] = { shape: sizes, data: Float32Array.from({ length: count }, () => (sizes.length ? next() : 0.01)) };
  }
  return feeds;
}

/** A step ready to run, and what making it took. */
async function readyStep(
  engine: Engine,
  recipe: Recipe,
): Promise<{ readonly run: () => Promise<unknown>; readonly row: Row }> {
  const s = stepSettings(recipe);
  const target = await chooseTarget(engine);
  const built = await timed(() => compile(fusedStep(s, "selective"), target));
  await engine.write(initialState(recipe));
  for (const [l, m] of s.clusters.entries()) {
    const parent = BigInt64Array.from({ length: m }, (_, i) => BigInt(i % (s.clusters[l + 1] ?? 1)));
    await engine.write({
      [`prototypes/${l}`]: unitRows(gaussian([m, s.encoder.dimension])),
      [`temperature/${l}`]: { shape: [m], data: new Float32Array(m).fill(0.2) },
      [`count/${l}`]: { shape: [], data: Float32Array.of(m) },
      [`parent/${l}`]: { shape: [m], data: parent },
    });
  }
  const prepare = prepareProgram(s);
  await engine.load(prepare.name, prepare.model, { state: prepare.state });
  await engine.run(prepare.name, {}, []);
  const loaded = await timed(() => engine.load(built.result.name, built.result.model, { state: built.result.state }));
  const feeds = randomFeeds(s, built.result.inputs, new Set(await engine.names()));
  return {
    run: () => engine.run("step", feeds, ["loss"]),
    row: { target: target.kind, buildMs: milliseconds(built.seconds), sessionMs: milliseconds(loaded.seconds) },
  };
}

/** The peer's script on as many threads: its JSON lines, and the peak memory of its process. */
async function peer(script: string, options: Readonly<Record<string, string | number>>) {
  const given = Object.entries({ ...options, threads: cpus().length }).flatMap(([k, v]) => [`--${k}`, String(v)]);
  const { stdout, peakMiB } = await measuredRun(flags.python, [script, ...given], flags.peer);
  const lines = stdout.trim().split("\n");
  return { lines: lines.map((line) => JSON.parse(line) as Record<string, number>), peakMiB };
}

/** The peer's best layout of a step. */
async function peerStep(c: StepCase): Promise<{ readonly seconds: number; readonly peakMiB: number | null } | null> {
  if (!flags.peer) return null;
  const runs = [];
  for (const format of ["nchw", "channels_last"]) {
    const { lines, peakMiB } = await peer("bench_step.py", {
      encoder: c.peer,
      "batch-size": c.batchSize,
      size: c.imageSize,
      queue: 4096,
      steps: flags.steps,
      format,
    });
    runs.push({ seconds: lines[0].medianMs / 1000, peakMiB });
  }
  return runs.reduce((a, b) => (a.seconds <= b.seconds ? a : b));
}

/** Medians over rounds, ours and the peer's in turn; the peer in its best layout. */
async function benchStep(name: string, c: StepCase): Promise<Row> {
  const engine = await openEngine();
  const step = await readyStep(engine, recipeOf(c));
  for (let i = 0; i < 6; i++) await step.run(); // the first touch of memory is slow on some machines
  const ours: number[] = [];
  const theirs: NonNullable<Awaited<ReturnType<typeof peerStep>>>[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    const times: number[] = [];
    for (let i = 0; i < Number(flags.steps); i++) times.push((await timed(step.run)).seconds);
    ours.push(median(times));
    const other = await peerStep(c);
    if (other) theirs.push(other);
  }
  await engine.close();
  const stepMs = milliseconds(median(ours));
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const row = { name, ...step.row, stepMs, imagesPerSecond: Math.round((c.batchSize * 1000) / stepMs), peakMiB };
  if (theirs.length === 0) return row;
  const peerMs = milliseconds(median(theirs.map((r) => r.seconds)));
  const peerPeakMiB = median(theirs.map((r) => r.peakMiB ?? Number.NaN));
  return { ...row, peerMs, peerPeakMiB, ratio: ratio(stepMs, peerMs), memoryRatio: ratio(peakMiB, peerPeakMiB) };
}

/** A step measured by this script in a process of its own. */
async function benchStepApart(name: string): Promise<Row> {
  const own = [
    fileURLToPath(import.meta.url),
    "--json",
    "--case",
    name,
    "--rounds",
    flags.rounds,
    "--steps",
    flags.steps,
  ];
  const given = flags.peer ? ["--peer", flags.peer, "--python", flags.python] : [];
  const { stdout } = await measuredRun(process.execPath, [...own, ...given]);
  return (JSON.parse(stdout) as { rows: Row[] }).rows[0];
}

const epochs = 3;

/** A whole epoch of the peer's settings on 10,000 images, after warm-up: views, embedding, clustering, steps. */
async function benchEpoch(): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-bench-"));
  const run = join(folder, "run");
  const hcsc = fileURLToPath(new URL("../src/cli/main.js", import.meta.url));
  const train = ["train", "--recipe", "fashion-mnist-peer", "--data", "data/fashion-mnist", "--epochs", String(epochs)];
  const { peakMiB } = await measuredRun(process.execPath, [hcsc, ...train, "--out", run, "--json"]);
  const metrics = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
  await rm(folder, { recursive: true });
  const ours = metrics.map((line) => JSON.parse(line)).filter((m) => m.kind === "epoch" && m.epoch > 0);
  const seconds = median(ours.map((m) => m.seconds));
  const row = { name: "epoch, resnet8, 10,000 images of 28 px", seconds: rounded(seconds), peakMiB };
  if (!flags.peer) return row;
  const { lines, peakMiB: peerPeakMiB } = await peer("hcsc_torch.py", { encoder: "resnet8", epochs });
  const peerSeconds = median(lines.filter((l) => l.epoch > 0).map((l) => l.seconds));
  return {
    ...row,
    peerSeconds,
    peerPeakMiB,
    ratio: ratio(seconds, peerSeconds),
    memoryRatio: ratio(peakMiB ?? Number.NaN, peerPeakMiB ?? Number.NaN),
  };
}

async function benchEmbedding(): Promise<Row> {
  const engine = await openEngine();
  const recipe = recipeOf(stepCases["resnet20, batch 64, 32 px"]);
  const settings = encoderSettings(recipe.encoder);
  await engine.load("encoder", encoderModel(settings, 32, initialEncoder(settings, 0)));
  const pixels = gaussian([128, 3, 32, 32]);
  const run = () => engine.run("encoder", { pixels }, ["embedding"]);
  await run();
  const times: number[] = [];
  for (let i = 0; i < 10; i++) times.push((await timed(run)).seconds);
  await engine.close();
  return { name: "embedding, resnet20, 32 px", imagesPerSecond: Math.round(128 / median(times)) };
}

async function benchClustering(): Promise<Row> {
  const engine = await openEngine();
  const features = unitRows(gaussian([20_000, 128]));
  const nearest = await nearestCentroidOn(engine);
  const { seconds } = await timed(() =>
    hierarchy(features, { clusters: [1000, 300, 100], temperature: 0.2, variant: "paper", seed: 0, nearest }),
  );
  await engine.close();
  return { name: "hierarchy, 20,000 × 128 into 1000/300/100, 5 restarts", seconds: rounded(seconds) };
}

function benchViews(name: string, picture: Picture, recipe: Recipe): Row {
  const [policy] = viewPolicies(recipe);
  const out = new Float32Array(policy.channels * policy.size ** 2);
  const began = performance.now();
  let views = 0;
  for (; performance.now() - began < 2000; views++) randomView(picture, policy, random(0, views), out, 0);
  return { name, viewsPerSecondPerCore: Math.round((views * 1000) / (performance.now() - began)) };
}

function pictureOf(width: number, height: number, channels: 1 | 3): Picture {
  return {
    width,
    height,
    channels,
    data: Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7) % 256),
  };
}

const rows: Row[] = [];
for (const [name, c] of Object.entries(stepCases)) {
  if (!flags.case) rows.push(await benchStepApart(name));
  else if (flags.case.some((part) => name.includes(part))) rows.push(await benchStep(name, c));
}
if (!flags.case) {
  rows.push(await benchEpoch(), await benchEmbedding(), await benchClustering());
  rows.push(
    benchViews("random view, 28 px grey", pictureOf(28, 28, 1), recipeOf(stepCases["resnet8, batch 128, 28 px"])),
  );
  rows.push(
    benchViews(
      "random view, 224 px of 500×375 colour",
      pictureOf(500, 375, 3),
      recipeOf(stepCases["resnet18, batch 8, 224 px"]),
    ),
  );
}
const machine = { cpu: cpus()[0].model, cores: cpus().length, ...versions() };
const lines = rows.map(({ name, ...figures }) => [
  String(name),
  Object.entries(figures)
    .flatMap(([k, v]) => (v === null ? [] : [`${k} ${v}`]))
    .join(", "),
]);
print(flags.json, { machine, rows }, [...table(lines.map(([a, b]) => [a, b])), `${machine.cores} × ${machine.cpu}`]);
