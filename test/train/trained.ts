/** Whole trainings of a tiny recipe, by the library. */
import assert from "node:assert";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describeSource, openLoader, openSource } from "../../src/data/index.js";
import { onDisk, readCheckpoint } from "../../src/disk/index.js";
import { loadRecipe } from "../../src/presets/index.js";
import { chooseTarget, type EngineOptions, openEngine } from "../../src/runtime/index.js";
import { lastSoundCheckpoint, type Reporter, RunFolder, type StepMetric, train } from "../../src/train/index.js";
import { images, withRecipe } from "../commands/cli.js";

export interface TrainedOptions {
  readonly on?: EngineOptions;
  /** The step at which the run is stopped. */
  readonly stopAt?: number;
  /** A run to go on with. */
  readonly resume?: RunFolder;
  /** Fields of the recipe. */
  readonly changes?: object;
  readonly data?: string;
  /** Loading threads. */
  readonly workers?: number;
}

/** A training: its run folder, its steps' metrics, and the tensors it ends with. */
export async function trained({ on = {}, stopAt, resume, changes = {}, data = images, workers = 1 }: TrainedOptions) {
  const description = await describeSource(data);
  const [source, loader, engine] = [
    openSource(description),
    openLoader({ source: description, seed: 0, workers }),
    await openEngine(on),
  ];
  const run = resume ?? (await newRun(changes, data, source.count));
  const abort = new AbortController();
  const report: Reporter = (e) => {
    if (e.kind === "step" && e.metric.step === stopAt) abort.abort();
  };
  const result = await train({
    run,
    engine,
    target: await chooseTarget(engine),
    source,
    loader,
    resume: resume && (await lastSoundCheckpoint(resume, assert.fail)),
    report,
    signal: abort.signal,
  });
  await Promise.all([engine.close(), loader.close()]);
  const lines = (await readFile(join(run.path, "metrics.jsonl"), "utf8")).trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as { kind: string });
  const { tensors } = await readCheckpoint(result.checkpoint);
  return { run, steps: events.filter((e) => e.kind === "step") as StepMetric[], tensors, result };
}

async function newRun(changes: object, data: string, count: number): Promise<RunFolder> {
  const { folder, recipe: file } = await withRecipe({ batchSize: 8, ...changes });
  const recipe = await loadRecipe(file, []);
  return RunFolder.create(onDisk(join(folder, "run")), { recipe, data, images: count, versions: {}, started: "" });
}
