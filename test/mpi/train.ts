/**
 * Run by each process of a world: trains a recipe's run together. Arguments: the run's folder, a recipe's file, the images, the step
 * to stop at (0: none); a run that is there goes on. Process 0 writes which images each process was to read, by use and epoch, as a
 * line of JSON.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type BatchRequest, describeSource, type Loader, openLoader, openSource } from "../../src/data/index.js";
import { onDisk } from "../../src/disk/index.js";
import { joinWorld } from "../../src/mpi/index.js";
import { loadRecipe } from "../../src/presets/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { sha256 } from "../../src/tensorfile/index.js";
import { elsewhere, lastSoundCheckpoint, RunFolder, together, train } from "../../src/train/index.js";
import { gatherTexts } from "../../src/world/index.js";

const [folder, recipe, data, stopAt] = process.argv.slice(2);
const world = await joinWorld(process.env);
const set = await describeSource(data);
const source = openSource(set);
const loader = openLoader({ source: set, seed: 0, workers: 1 });
/** Images asked for, in the order in which they were. */
const reads: { readonly use: "train" | "embed"; readonly epoch: number; readonly images: readonly number[] }[] = [];
function* noted(use: "train" | "embed", requests: Iterable<BatchRequest>): Generator<BatchRequest> {
  for (const request of requests) {
    reads.push({ use, epoch: request.epoch, images: [...request.indices] });
    yield request;
  }
}
const watched: Loader = {
  train: (requests, policies, signal) => loader.train(noted("train", requests), policies, signal),
  evaluate: (requests, policy, signal) => loader.evaluate(noted("embed", requests), policy, signal),
  close: () => loader.close(),
  get waitedSeconds() {
    return loader.waitedSeconds;
  },
  get broken() {
    return loader.broken;
  },
  get kept() {
    return loader.kept;
  },
};
const engine = await openEngine({ threads: 1 });
const isMain = world.rank === 0;
const isThere = existsSync(join(folder, "run.json"));
world.barrier(); // before process 0 makes it
const description = {
  recipe: await loadRecipe(recipe, []),
  data,
  images: source.count,
  versions: {},
  started: "",
};
const run = !isMain
  ? await RunFolder.create(elsewhere(sha256), description)
  : isThere
    ? await RunFolder.open(onDisk(folder))
    : await RunFolder.create(onDisk(folder), description);
const abort = new AbortController();
await train({
  run,
  engine,
  target: await chooseTarget(engine),
  source,
  loader: watched,
  together: together(world),
  resume: isMain && isThere ? await lastSoundCheckpoint(run, () => {}) : undefined,
  // One process alone is told to stop: all do, after the same step.
  report: (e) =>
    e.kind === "step" && e.metric.step === Number(stopAt) && world.rank === world.size - 1 && abort.abort(),
  signal: abort.signal,
});
await Promise.all([engine.close(), loader.close()]);
const all = gatherTexts(world, JSON.stringify(reads)).map((text) => JSON.parse(text));
if (isMain) process.stdout.write(`${JSON.stringify(all)}\n`);
world.finalize();
