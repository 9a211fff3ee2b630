/** Training steps: ours on the machine's target and in standard ops, beside the peer's best layout. */

import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import type { DenseArray } from "../../src/array.js";
import { unitRows } from "../../src/cluster/index.js";
import type { CompileTarget } from "../../src/compileTarget.js";
import type { Engine } from "../../src/engine/index.js";
import {
  compile,
  fusedStep,
  levelsOf,
  type Program,
  prepareProgram,
  results,
  type StepSettings,
  state,
  stateMemory,
  stateTensors,
  stepSettings,
} from "../../src/programs/index.js";
import { overrideRecipe, parseRecipe, type Recipe } from "../../src/recipe/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { initialParts, moveToState } from "../../src/train/index.js";
import { measuredRun } from "../measuredRun.js";
import { flags } from "./flags.js";
import { gaussian, median, milliseconds, type Row, ratio, timed, timings, uniform } from "./measure.js";
import { peer } from "./peer.js";

/** Steps by name: fields of a recipe, and what the peer calls the encoder. */
export const stepCases = {
  "resnet20, batch 64, 32 px": { backbone: "resnet20", batchSize: 64, imageSize: 32, peer: "resnet20" },
  "resnet8, batch 128, 28 px": { backbone: "resnet8", batchSize: 128, imageSize: 28, peer: "resnet8" },
  "resnet18 small stem, batch 32, 32 px": {
    backbone: "resnet18-small",
    batchSize: 32,
    imageSize: 32,
    peer: "resnet18-cifar",
  },
  "resnet18, batch 8, 224 px": { backbone: "resnet18", batchSize: 8, imageSize: 224, peer: "resnet18" },
  "resnet50, batch 8, 224 px": { backbone: "resnet50", batchSize: 8, imageSize: 224, peer: "resnet50" },
  "vit-tiny, batch 32, 32 px": { backbone: "vit-tiny-patch4", batchSize: 32, imageSize: 32, peer: "vit-tiny-patch4" },
  "vit-tiny, batch 8, 224 px": { backbone: "vit-tiny-patch16", batchSize: 8, imageSize: 224, peer: "vit-tiny-patch16" },
} as const;

export type StepCase = (typeof stepCases)[keyof typeof stepCases];

/** What of a case its recipe has. */
interface Sizes {
  readonly backbone: string;
  readonly batchSize: number;
  readonly imageSize: number;
}

export function recipeOf(c: Sizes, ...more: readonly string[]): Recipe {
  const fields = [`encoder.backbone=${c.backbone}`, `batchSize=${c.batchSize}`, `encoder.imageSize=${c.imageSize}`];
  const base = {
    name: "bench",
    encoder: { backbone: "resnet8", imageSize: 28 },
    method: { queue: 4096, clusters: [100, 50, 20] },
    epochs: 1,
    batchSize: 64,
  };
  return parseRecipe(overrideRecipe(base, [...fields, ...more]), "bench");
}

/** Random values for everything that steps take and the state does not hold. */
export function randomFeeds(
  s: StepSettings,
  inputs: Program["inputs"],
  held: ReadonlySet<string>,
): Record<string, DenseArray> {
  const feeds: Record<string, DenseArray> = {};
  for (const { name, dtype, shape } of inputs) {
    if (held.has(name)) continue;
    const sizes = shape.map(Number);
    const count = sizes.reduce((p, d) => p * d, 1);
    if (dtype === "int64")
      feeds[name] = { shape: sizes, data: BigInt64Array.from({ length: count }, (_, i) => BigInt(i % s.batchSize)) };
    else if (dtype === "uint8")
      feeds[name] = { shape: sizes, data: Uint8Array.from({ length: count }, () => 256 * uniform()) };
    else if (dtype === "int32")
      feeds[name] = { shape: sizes, data: Int32Array.from({ length: count }, () => 2 ** 32 * uniform()) };
    else
      feeds[name] = {
        shape: sizes,
        data: new Float32Array(count).fill(0.01),
      };
  }
  return feeds;
}

/** A random hierarchy for a step to select by. */
export function randomHierarchy(s: StepSettings): Record<string, DenseArray> {
  const tensors: Record<string, DenseArray> = {};
  for (const [l, m] of s.clusters.entries()) {
    const above = s.clusters[l + 1];
    tensors[state.prototypes(l)] = unitRows(gaussian([m, s.encoder.dimension]));
    tensors[state.temperature(l)] = { shape: [m], data: new Float32Array(m).fill(0.2) };
    tensors[state.count(l)] = { shape: [], data: Float32Array.of(m) };
    if (above) tensors[state.parent(l)] = { shape: [m], data: Int32Array.from({ length: m }, (_, i) => i % above) };
  }
  return tensors;
}

/** A step ready to run, as in a training, and what making it took. */
export async function readyStep(
  engine: Engine,
  recipe: Recipe,
  target: CompileTarget,
): Promise<{ readonly run: () => Promise<unknown>; readonly row: Row }> {
  const s = stepSettings(recipe);
  const memory = stateMemory(target, stateTensors(s));
  await moveToState(engine, memory, initialParts(recipe));
  await moveToState(engine, memory, [randomHierarchy(s)]);
  const built = await timed(() => compile(fusedStep(s, "selective", levelsOf(target)), target, s.recompute));
  const prepare = prepareProgram(s, target);
  await engine.load(prepare.name, prepare.model, { state: prepare.state });
  await engine.run(prepare.name, {}, []);
  const { name, model } = built.result;
  const loaded = await timed(() => engine.load(name, model, { ...built.result, captured: true }));
  const feeds = randomFeeds(s, built.result.inputs, new Set(await engine.names()));
  return {
    run: () => engine.run("step", feeds, [results.loss]),
    row: { target: target.kind, buildMs: milliseconds(built.seconds), sessionMs: milliseconds(loaded.seconds) },
  };
}

interface PeerStep {
  readonly seconds: number;
  readonly peakMiB: number | null;
}

/** The peer's step by a script in its better layout; null where the peer lacks the script or the encoder. */
async function peerStep(script: string, c: StepCase): Promise<PeerStep | null> {
  const runs: PeerStep[] = [];
  for (const format of ["nchw", "channels_last"]) {
    const found = await peer(script, {
      encoder: c.peer,
      "batch-size": c.batchSize,
      size: c.imageSize,
      queue: 4096,
      steps: flags.steps,
      format,
    });
    if (!found) return null;
    runs.push({ seconds: found.lines[0].medianMs / 1000, peakMiB: found.peakMiB });
  }
  return runs.reduce((a, b) => (a.seconds <= b.seconds ? a : b));
}

/** Medians over rounds, ours and the peer's in turn. */
export async function benchStep(name: string, c: StepCase, standardOps: boolean): Promise<Row> {
  const engine = await openEngine();
  const step = await readyStep(engine, recipeOf(c), standardOps ? { kind: "portable" } : await chooseTarget(engine));
  await step.run(); // the first touch of memory is slow on some machines
  const [ours, theirs, compiled]: [number[], PeerStep[], number[]] = [[], [], []];
  for (let round = 0; round < Number(flags.rounds); round++) {
    await step.run(); // as the peer's untimed steps: after a pause the first is slow
    ours.push(median(await timings(Number(flags.steps), step.run)));
    const eager = await peerStep("bench_step.py", c);
    if (eager) theirs.push(eager);
    const other = c.backbone === "resnet20" && !standardOps ? await peerStep("bench_step_compiled.py", c) : null;
    if (other) compiled.push(other.seconds);
  }
  await engine.close();
  const stepMs = milliseconds(median(ours));
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const row = { name, ...step.row, stepMs, imagesPerSecond: Math.round((c.batchSize * 1000) / stepMs), peakMiB };
  if (theirs.length === 0) return row;
  const peerMs = milliseconds(median(theirs.map((r) => r.seconds)));
  const peerCompiledMs = compiled.length > 0 ? milliseconds(median(compiled)) : null;
  const peerPeakMiB = median(theirs.map((r) => r.peakMiB ?? Number.NaN));
  const ratios = { ratio: ratio(stepMs, peerMs), memoryRatio: ratio(peakMiB, peerPeakMiB) };
  return { ...row, peerMs, peerCompiledMs, peerPeakMiB, ...ratios };
}

/** Rows of steps: their names, and how each is measured. */
export const stepRows = Object.entries(stepCases).flatMap(([name, c]) => [
  { name: `step: ${name}`, measure: (own: string) => benchStep(own, c, false) },
  { name: `step: ${name}, standard ops`, measure: (own: string) => benchStep(own, c, true) },
]);

/** A row measured by this program in a process of its own, so that its peak of memory is its own. */
export async function apart(name: string): Promise<Row> {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const own = [
    "--json",
    "--provider",
    flags.provider,
    "--case",
    name,
    "--rounds",
    flags.rounds,
    "--steps",
    flags.steps,
    ...flags.precision.flatMap((precision) => ["--precision", precision]),
  ];
  const given = [
    ...(flags.peer ? ["--peer", flags.peer, "--python", flags.python] : []),
    ...(flags.scaling ? ["--scaling"] : []),
  ];
  const { stdout } = await measuredRun(process.execPath, [main, ...own, ...given]);
  const rows = (JSON.parse(stdout) as { rows: Row[] }).rows;
  return rows.find((row) => row.name === name) as Row;
}

export const threads = cpus().length;
