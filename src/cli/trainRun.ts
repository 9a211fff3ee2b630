/** Training one run from the command line: its images, an engine of its own, kNN before and after. */
import type { DenseArray } from "../array.js";
import { state } from "../artifacts/index.js";
import { UsageError } from "../errors.js";
import type { Recipe } from "../recipe/index.js";
import { chooseTarget } from "../runtime/index.js";
import {
  type Checkpoint,
  encoderWeights,
  initialState,
  RunFolder,
  readCheckpoint,
  type TrainResult,
  train,
} from "../train/index.js";
import { versions } from "../version.js";
import { knnAccuracy } from "./knn.js";
import { terminalReporter } from "./progress.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";

export interface RunRequest {
  readonly recipe: Recipe;
  readonly data: string;
  /** Labelled images held out. */
  readonly test: string | null;
  /** The run folder: to be made, or to go on with from a checkpoint or, without one, from the start. */
  readonly run: string | { readonly folder: RunFolder; readonly checkpoint: Checkpoint | undefined };
  readonly flags: EngineFlags;
  /** Aborting finishes the step, saves and returns. */
  readonly signal: AbortSignal;
}

export interface TrainedRun extends TrainResult {
  readonly folder: RunFolder;
  readonly last: Checkpoint;
  /** Top-1 in percent by 20 neighbours; null without images held out. */
  readonly knnBefore: number | null;
  /** As `knnBefore`; null also of a run that was stopped. */
  readonly knnAfter: number | null;
  readonly brokenImages: number;
}

/** Trains a run, or the rest of one. @throws UsageError if it was trained on other images; and as `train` */
export async function trainRun({ recipe, data, test, run, flags, signal }: RunRequest): Promise<TrainedRun> {
  return withImages(data, { ...flags, seed: recipe.seed }, async (images) => {
    const { source, loader } = images;
    if (typeof run !== "string" && run.folder.description.images !== source.count) {
      throw new UsageError(
        `${run.folder.path} was trained on ${run.folder.description.images} images, --data holds ${source.count}: give the same data to resume`,
      );
    }
    return withEngine({ ...flags, precision: recipe.precision }, async (engine) => {
      const target = await chooseTarget(engine);
      const started = new Date().toISOString();
      const placed = { provider: engine.provider, crossCheck: engine.provider !== "cpu" && flags.crossCheck !== false };
      const description = { recipe, data, images: source.count, ...placed, versions: versions(), started };
      const existing = typeof run === "string" ? null : run;
      const folder = existing?.folder ?? (await RunFolder.create(run as string, description));
      const accuracy = async (weights: Readonly<Record<string, DenseArray>>): Promise<number | null> =>
        test === null ? null : (await knnAccuracy(engine, recipe, weights, images, test, flags, [20])).top1;
      const knnBefore = await accuracy(queryOf(initialState(recipe)));
      const { report, stop } = terminalReporter(flags.json === true);
      const result = await train({
        run: folder,
        engine,
        target,
        source,
        loader,
        resume: existing?.checkpoint,
        report,
        signal,
      });
      stop();
      const { step } = result.position;
      await folder.append({ kind: "session", step, seconds: result.seconds, ...placed });
      const last = await readCheckpoint(result.checkpoint);
      const knnAfter = result.interrupted ? null : await accuracy(encoderWeights(last, "query"));
      if (knnBefore !== null && knnAfter !== null)
        await folder.append({ kind: "evaluation", step, knnBefore, knnAfter });
      return { ...result, folder, last, knnBefore, knnAfter, brokenImages: loader.broken.size };
    });
  });
}

function queryOf(tensors: Readonly<Record<string, DenseArray>>): Record<string, DenseArray> {
  const prefix = state.query("");
  return Object.fromEntries(
    Object.entries(tensors).flatMap(([n, v]) => (n.startsWith(prefix) ? [[n.slice(prefix.length), v]] : [])),
  );
}
