/** Training a run: its folder held, its history kept, kNN measured before and after where images are held out. */

import { createHash } from "node:crypto";
import { identityOf, type OpenImages } from "../data/index.js";
import { inRunFolder, onDisk, readCheckpoint } from "../disk/index.js";
import type { Weights } from "../encoder/index.js";
import type { Engine } from "../engine/index.js";
import { said, UsageError } from "../errors.js";
import { encoderSettings, initialEncoder } from "../programs/index.js";
import { knnAccuracy, type Opening } from "../protocols/index.js";
import { type Recipe, resumeChanges } from "../recipe/index.js";
import { chooseTarget } from "../runtime/index.js";
import { sha256 } from "../tensorfile/index.js";
import {
  type Checkpoint,
  elsewhere,
  encoderWeights,
  planOf,
  type Reporter,
  type RunDescription,
  RunFolder,
  requireSameImages,
  resumePoint,
  type Session,
  type TrainResult,
  together,
  train,
} from "../train/index.js";
import { versions } from "../version.js";
import { gatherTexts, requireEqual, shareArrays, type World } from "../world/index.js";
import type { Initial } from "./initial.js";

export interface RunRequest {
  readonly recipe: Recipe;
  readonly images: OpenImages;
  readonly engine: Engine;
  /** Labelled images held out. */
  readonly test: { readonly name: string; readonly open: Opening } | null;
  /** The run folder: to be made, or to go on with, from its checkpoint or, without one, from the start. */
  readonly run: string | RunFolder;
  /** What the encoder of a run without a checkpoint starts from; null: the seed. */
  readonly init: Initial | null;
  /** How the engine was asked to run, for the run's history. */
  readonly session: Pick<Session, "crossCheck" | "threads">;
  /** The processes that train it, of which this is process 0. */
  readonly world: World;
  readonly tell: Reporter;
  /** Aborting finishes the step, saves and returns. */
  readonly signal?: AbortSignal | undefined;
}

/** What a training has come to. */
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
export async function trainRun(request: RunRequest): Promise<TrainedRun> {
  await requireTrainable(request);
  return inRunFolder(request.run, (existing, path) => trained(request, existing, path));
}

/**
 * Trains beside process 0, which writes the run.
 *
 * @throws as `trainRun`
 */
export async function trainBeside(request: Omit<RunRequest, "run" | "init" | "session">): Promise<TrainResult> {
  await requireTrainable(request);
  const { recipe, images, engine, world, tell, signal } = request;
  const { source, loader } = images;
  const description: RunDescription = {
    recipe,
    data: images.name,
    images: source.count,
    versions: versions(),
    started: new Date().toISOString(),
  };
  const run = await RunFolder.create(elsewhere(sha256), description);
  await heldOutAccuracy(request);
  const result = await train({
    run,
    engine,
    target: await chooseTarget(engine),
    source,
    loader,
    together: together(world),
    report: tell,
    signal,
  });
  if (!result.interrupted) await heldOutAccuracy(request);
  return result;
}

/**
 * kNN on the images held out, which processes share: a call that all make.
 *
 * @param weightsOf - the encoder's, in process 0
 * @returns top-1 in percent by 20 neighbours; null where none are held out, or the images have no single labels
 */
async function heldOutAccuracy(
  { recipe, images, engine, test, world }: Pick<RunRequest, "recipe" | "images" | "engine" | "test" | "world">,
  weightsOf: () => Weights = () => ({}),
): Promise<number | null> {
  if (!test || !images.source.labels) return null;
  const encoder = { engine, recipe, weights: shareArrays(world, weightsOf()) };
  return (await knnAccuracy(encoder, images, test.open, {}, world)).top1;
}

/** Refuses what cannot be trained before anything is made, and processes that have not been given the same. */
async function requireTrainable({
  recipe,
  images,
  engine,
  test,
  world,
}: Pick<RunRequest, "recipe" | "images" | "engine" | "test" | "world">): Promise<void> {
  planOf(recipe, images.source.count, world.size);
  if (world.size === 1) return;
  const target = await chooseTarget(engine);
  if (target.kind === "training")
    throw new UsageError(
      "unsupported",
      said`${world.size} processes cannot train together by the backend ${engine.backend}: take onnxruntime-node`,
    );
  const known = createHash("sha256").update(JSON.stringify(await identityOf(images.source)));
  requireEqual(gatherTexts(world, JSON.stringify(versions())), "software");
  requireEqual(gatherTexts(world, known.digest("hex")), "set of images (by its fingerprint)");
  requireEqual(gatherTexts(world, engine.provider), "provider");
  requireEqual(gatherTexts(world, JSON.stringify(target)), "form of graphs, by its processor");
  requireEqual(gatherTexts(world, test?.name ?? "none"), "set of images held out");
}

async function trained(request: RunRequest, existing: RunFolder | null, path: string): Promise<TrainedRun> {
  const { recipe, images, engine, test, init, world, tell, signal } = request;
  const { source, loader } = images;
  const target = await chooseTarget(engine);
  const checkpoint = existing && (await startOf(existing, recipe, tell));
  const identity = await identityOf(source);
  if (existing) await requireSameImages(existing, identity, images.name);
  const processes = world.size === 1 ? {} : { processes: world.size };
  const session = { provider: engine.provider, ...request.session, ...processes };
  const description = describe(request, existing, { ...session, step: checkpoint?.position.step ?? 0 });
  const folder = await (existing ? existing.described(description) : RunFolder.create(onDisk(path), description));
  await folder.saveImages(identity);
  if (test && !source.labels)
    tell({ kind: "warning", message: "the images have no single labels: no kNN is measured on those held out" });
  const knnBefore = await heldOutAccuracy(request, () => ({
    ...initialEncoder(encoderSettings(recipe.encoder), recipe.seed),
    ...init?.weights,
  }));
  const result = await train({
    run: folder,
    engine,
    target,
    source,
    loader,
    together: together(world),
    resume: checkpoint ?? undefined,
    initial: init?.weights,
    report: tell,
    signal,
  });
  const done = result.position.step;
  await folder.append({ kind: "session", step: done, seconds: result.seconds, ...session });
  const last = await readCheckpoint(result.checkpoint);
  const knnAfter = result.interrupted ? null : await heldOutAccuracy(request, () => encoderWeights(last, "query"));
  if (knnBefore !== null && knnAfter !== null)
    await folder.append({ kind: "evaluation", step: done, knnBefore, knnAfter });
  return { ...result, folder, last, knnBefore, knnAfter, brokenImages: loader.broken.size };
}

/** The checkpoint that a run goes on from; null: it has none yet. */
async function startOf(run: RunFolder, { epochs }: Recipe, tell: Reporter): Promise<Checkpoint | null> {
  const point = await resumePoint(run, (message) => tell({ kind: "warning", message }));
  if (!point) return null;
  const { checkpoint, damagedFrom } = point;
  if (damagedFrom !== null)
    tell({
      kind: "warning",
      message: `the run's numbers began to grow at step ${damagedFrom}, and no checkpoint from before is left: it goes on from ${checkpoint.file}. Better train anew, in another folder`,
      settings: ["out"],
    });
  if (checkpoint.position.epoch > epochs)
    throw new UsageError(
      "other-settings",
      said`${{ file: run.path }} has done ${checkpoint.position.epoch} epochs, more than the ${epochs} now asked for: give more`,
      { settings: ["epochs"] },
    );
  return checkpoint;
}

/** What a run is with one more session. */
function describe(
  { recipe, images, test, init }: RunRequest,
  existing: RunFolder | null,
  place: Omit<Session, "started" | "changes">,
): RunDescription {
  const started = new Date().toISOString();
  const before = existing?.description ?? { versions: versions(), started, sessions: [] };
  const changes = existing ? resumeChanges(existing.description.recipe, recipe, existing.path) : [];
  return {
    ...before,
    recipe,
    data: images.name,
    test: test?.name ?? null,
    images: images.source.count,
    sessions: [...(before.sessions ?? []), { started, changes, ...place }],
    ...(init ? { init: init.told } : {}),
  };
}
