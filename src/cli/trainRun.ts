/** Training one run from the command line: its images, an engine of its own, kNN before and after. */
import type { DenseArray } from "../array.js";
import { encoderSettings, initialEncoder } from "../artifacts/index.js";
import { absoluteName, identityOf } from "../data/index.js";
import type { Weights } from "../encoder/index.js";
import { CheckpointError, UsageError } from "../errors.js";
import { openEventLog } from "../log/index.js";
import { knnAccuracy } from "../protocols/index.js";
import { type Recipe, resumeChanges } from "../recipe/index.js";
import { chooseTarget } from "../runtime/index.js";
import {
  type Checkpoint,
  encoderWeights,
  type InitialWeights,
  inRunFolder,
  planOf,
  type Reporter,
  type RunDescription,
  RunFolder,
  readCheckpoint,
  requireSameImages,
  resumePoint,
  type Session,
  type TrainResult,
  train,
} from "../train/index.js";
import { versions } from "../version.js";
import { fitWeights, openWeights } from "../weights/index.js";
import { warn } from "./print.js";
import { terminalReporter } from "./progress.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { openTest } from "./sets.js";

export interface RunRequest {
  readonly recipe: Recipe;
  readonly data: string;
  /** Labelled images held out. */
  readonly test: string | null;
  /** The run folder: to be made, or to go on with, from its checkpoint or, without one, from the start. */
  readonly run: string | RunFolder;
  /** What a new run's encoder starts from; absent: the seed. */
  readonly init?: Pick<InitialWeights, "file" | "partial"> | undefined;
  /** A folder for TensorBoard's event files. */
  readonly log?: string | undefined;
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

/**
 * Trains a run, or the rest of one. A start that fails before the first step leaves no folder.
 *
 * @throws UsageError if it was trained on other images, by settings that cannot change, or is being trained; and as `train`
 */
export async function trainRun({ recipe, test, run, flags, signal, ...request }: RunRequest): Promise<TrainedRun> {
  const data = await absoluteName(request.data);
  const held = test === null ? null : await absoluteName(test);
  return withImages(data, { ...flags, seed: recipe.seed, keepDecoded: true }, async (images) => {
    const { source, loader } = images;
    planOf(recipe, source.count); // refuses what cannot be trained before anything is made
    const { init, given } = await startingWeights(recipe, run, request.init);
    return withEngine({ ...flags, precision: recipe.precision }, async (engine) => {
      const target = await chooseTarget(engine);
      const start = async (existing: RunFolder | null, path: string): Promise<TrainedRun> => {
        const point = existing ? await resumePoint(existing, warn) : null;
        const checkpoint = point?.checkpoint ?? null;
        if (point?.damagedFrom != null)
          warn(
            `the run's numbers began to grow at step ${point.damagedFrom}, and no checkpoint from before is left: it goes on from ${point.checkpoint.file}. Better train anew, with another --out`,
          );
        const changes = existing ? resumeChanges(existing.description.recipe, recipe, existing.path) : [];
        if (checkpoint && checkpoint.position.epoch > recipe.epochs)
          throw new UsageError(
            `${path} has done ${checkpoint.position.epoch} epochs, more than the ${recipe.epochs} now asked for: give more --epochs`,
          );
        const started = new Date().toISOString();
        const { provider } = engine;
        const placed = { provider, crossCheck: provider !== "cpu" && flags.crossCheck !== false };
        const step = checkpoint?.position.step ?? 0;
        const session: Session = { started, step, ...placed, threads: flags.threads ?? null, changes };
        const before = existing?.description ?? { versions: versions(), started, sessions: [] };
        const sessions = [...(before.sessions ?? []), session];
        const description: RunDescription = {
          ...before,
          recipe,
          data,
          test: held,
          images: source.count,
          sessions,
          ...init,
        };
        const identity = await identityOf(source);
        if (existing) await requireSameImages(existing, identity, data);
        const folder = await (existing ? existing.described(description) : RunFolder.create(path, description));
        await folder.saveImages(identity);
        const accuracy = async (weightsOf: () => Weights): Promise<number | null> =>
          held === null || !source.labels
            ? null
            : (await knnAccuracy({ engine, recipe, weights: weightsOf() }, images, openTest(images, held, flags))).top1;
        if (held !== null && !source.labels)
          warn("the images have no single labels: no kNN is measured on those held out");
        const knnBefore = await accuracy(() => ({
          ...initialEncoder(encoderSettings(recipe.encoder), recipe.seed),
          ...given,
        }));
        const terminal = terminalReporter(flags.json === true);
        const events = request.log === undefined ? null : await openEventLog(request.log);
        const report: Reporter = (event) => {
          terminal.report(event);
          events?.report(event);
        };
        const resume = checkpoint ?? undefined;
        const result = await train({
          run: folder,
          engine,
          target,
          source,
          loader,
          resume,
          initial: given,
          report,
          signal,
        });
        terminal.stop();
        events?.close();
        const done = result.position.step;
        await folder.append({ kind: "session", step: done, seconds: result.seconds, ...placed });
        const last = await readCheckpoint(result.checkpoint);
        const knnAfter = result.interrupted ? null : await accuracy(() => encoderWeights(last, "query"));
        if (knnBefore !== null && knnAfter !== null)
          await folder.append({ kind: "evaluation", step: done, knnBefore, knnAfter });
        return { ...result, folder, last, knnBefore, knnAfter, brokenImages: loader.broken.size };
      };
      return inRunFolder(run, start);
    });
  });
}

/** What a run starts from that has no checkpoint yet: the weights of a file, read again where a run was stopped before its first. */
async function startingWeights(
  recipe: Recipe,
  run: string | RunFolder,
  asked: Pick<InitialWeights, "file" | "partial"> | undefined,
): Promise<{
  readonly init: { readonly init?: InitialWeights };
  readonly given: Readonly<Record<string, DenseArray>>;
}> {
  const before = typeof run === "string" ? undefined : run.description.init;
  const isBegun = typeof run !== "string" && (await run.listCheckpoints()).length > 0;
  const from = asked ?? before;
  if (!from || isBegun) return { init: {}, given: {} };
  const opened = await openWeights(from.file);
  if (before && before.sha256 !== opened.sha256)
    throw new CheckpointError(
      `${from.file} is another file than the one that this run was to start from: restore it, or train anew with another --out`,
    );
  const { weights, report } = fitWeights(opened, encoderSettings(recipe.encoder), from.partial);
  return { init: { init: { ...from, sha256: opened.sha256, report } }, given: weights };
}
