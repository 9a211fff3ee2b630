/** How fast this machine trains a recipe: the first steps of both phases, on a few images, in a run that is not kept. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { CompileTarget } from "../../compileTarget.js";
import type { ImageSource, Loader } from "../../data/index.js";
import type { Engine } from "../../engine/index.js";
import { fittedClusters, type Recipe } from "../../recipe/index.js";
import { elsewhere, RunFolder, train } from "../../train/index.js";
import type { Speed } from "./plan.js";

/** Updates in each phase; the first makes sessions, and counts for nothing. */
const steps = 4;

/** What is tried. */
export interface Trial {
  readonly recipe: Recipe;
  readonly engine: Engine;
  readonly target: CompileTarget;
  readonly source: ImageSource;
  readonly loader: Loader;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

/** Trains two epochs of a few images. @throws as `train`; the signal's reason where it is stopped */
export async function measuredSpeed({
  recipe,
  engine,
  target,
  source,
  loader,
  signal,
  progress,
}: Trial): Promise<Speed> {
  const count = Math.min(source.count, steps * recipe.batchSize * recipe.accumulation);
  const clusters = [...fittedClusters(recipe, count)];
  const few: Recipe = {
    ...recipe,
    epochs: 2,
    schedule: { ...recipe.schedule, warmupEpochs: 0 },
    method: { ...recipe.method, clusters, warmupEpochs: 1 },
  };
  const run = await RunFolder.create(
    elsewhere(() => sha256.create()),
    { recipe: few, data: "a few images", images: count, versions: {}, started: "" },
  );
  /** Seconds of steps, by phase. */
  const taken: [number[], number[]] = [[], []];
  let embedding = 0;
  let mark = performance.now();
  const lap = (): number => {
    const seconds = (performance.now() - mark) / 1000;
    mark = performance.now();
    return seconds;
  };
  await train({
    run,
    engine,
    target,
    source: { ...source, count, labels: source.labels?.slice(0, count) ?? null, hierarchy: null },
    loader,
    signal,
    report(event) {
      if (event.kind === "step") {
        taken[event.metric.epoch].push(lap());
        progress(taken[0].length + taken[1].length, 2 * Math.floor(count / (recipe.batchSize * recipe.accumulation)));
      } else if (event.kind === "epoch" || event.kind === "start") lap();
      else if (event.kind === "embed" && event.done === event.total) embedding = lap() / count;
    },
  });
  signal.throwIfAborted();
  await engine.drop();
  const [warmupStep, selectiveStep] = taken.map(typical);
  return { warmupStep, selectiveStep, embedding };
}

/** The median of the steps after the first. */
function typical(seconds: readonly number[]): number {
  const later = (seconds.length > 1 ? seconds.slice(1) : seconds).toSorted((a, b) => a - b);
  return later[later.length >> 1];
}
