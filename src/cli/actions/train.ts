/** `hcsc train`: trains, or resumes, a run. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { withImages } from "../../data/index.js";
import { onDisk } from "../../disk/index.js";
import { UsageError } from "../../errors.js";
import type { Learner } from "../../learner/index.js";
import { openEventLog } from "../../log/index.js";
import { projectorSample, writeProjector } from "../../publish/index.js";
import type { Recipe } from "../../recipe/index.js";
import { duration, percent, table } from "../../text.js";
import { RunFolder } from "../../train/index.js";
import { gatherTexts, requireEqual, share, type World } from "../../world/index.js";
import { interruptedCode, interruptible } from "../interrupt.js";
import { print } from "../print.js";
import { fitLines } from "./imported.js";
import { inWorld, type WorldFlags } from "./processes.js";
import { type EngineFlags, withLearner } from "./session.js";
import { type SetFlags, type SplitSets, splitOf } from "./sets.js";

interface Flags extends EngineFlags, SetFlags, WorldFlags {
  readonly recipe?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly set: readonly string[];
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  readonly variant?: string;
  readonly init?: string;
  readonly log?: string;
  readonly partial?: boolean;
}

export const run = (flags: Flags): Promise<void> =>
  inWorld(flags, async (world) => {
    await requireSameRecipe(world, flags);
    await (world.rank === 0 ? trainRun(world, flags) : trainBeside(world, flags));
  });

/** Process 0 reads the recipe for all: one that was asked for another, or has another file of its name, is refused. */
async function requireSameRecipe(world: World, flags: Flags): Promise<void> {
  if (world.size === 1) return;
  const { recipe = "" } = flags;
  requireEqual(gatherTexts(world, [recipe, ...overrides(flags)].join(" ")), "recipe");
  const content = await readFile(recipe).catch(() => null);
  const digests = gatherTexts(world, content ? createHash("sha256").update(content).digest("hex") : "");
  const own = digests.map((digest) => digest || digests[0]); // the others need no file
  requireEqual(own, `file ${recipe} (by its SHA-256)`);
}

/** In process 0, or the only one: what the others need to know of the sets and the run, it tells them. */
async function trainRun(world: World, flags: Flags): Promise<void> {
  const existing = flags.resume ? await RunFolder.open(onDisk(needed(flags.out, resumeNeedsOut))) : null;
  if (flags.init !== undefined && existing)
    throw new UsageError("contradiction", "--init is what a new run starts from: it has no place beside --resume");
  const { data, test } =
    existing && flags.data === undefined
      ? { data: existing.description.data, test: flags.test ?? existing.description.test ?? null }
      : splitOf(needed(flags.data, dataNeeded), flags);
  const sets = share(world, { data, test });
  const options = {
    world,
    images: sets.data,
    recipe: existing ? flags.recipe : needed(flags.recipe, recipeNeeded),
    set: overrides(flags),
    ...(existing ? { run: existing.path } : { weights: flags.init, partial: flags.partial }),
  };
  const { done, recipe } = await interruptible((signal) =>
    withLearner(flags, options, async (learner) => {
      const log = flags.log === undefined ? null : await openEventLog(flags.log);
      const run = existing ? {} : { run: flags.out ?? named(learner.recipe) };
      const done = await learner.train({ ...run, test, signal, ...(log && { report: log.report }) });
      log?.close();
      if (flags.log !== undefined && !done.interrupted) await projected(learner, flags.log);
      return { done, recipe: learner.recipe };
    }),
  );
  const { position, checkpoint, interrupted, loss, seconds, knnBefore, knnAfter, brokenImages } = done;
  const { init: from } = done.folder.description;
  if (from && !existing) for (const line of fitLines(from.report)) process.stderr.write(`${line}\n`);
  const progress = { position, checkpoint, interrupted, loss, seconds };
  const summary = { run: done.folder.path, ...progress, knnBefore, knnAfter, brokenImages };
  print(flags.json, summary, summaryLines(summary, recipe));
  if (interrupted) process.exitCode = interruptedCode;
}

/** In another process, which writes and tells nothing. */
async function trainBeside(world: World, flags: Flags): Promise<void> {
  const { data, test } = share<SplitSets | null>(world, null) as SplitSets;
  const options = { world, images: data, report: () => {} };
  await interruptible((signal) => withLearner(flags, options, (learner) => learner.trainBeside({ test, signal })));
}

/** Lays a run's images out for TensorBoard's projector. */
async function projected(learner: Learner, folder: string): Promise<void> {
  const { images, recipe } = learner;
  const sample = projectorSample(images, images.source.count, recipe.seed);
  const [encoder, trained] = [await learner.encoder(), await learner.trained()];
  await withImages(sample, { seed: recipe.seed }, (shown) => writeProjector(folder, encoder, trained, shown));
}

/** A folder named for the recipe and the time. */
const named = (recipe: Recipe): string =>
  `runs/${recipe.name}-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, "").replace("T", "-")}`;

interface Summary {
  readonly run: string;
  readonly loss: number;
  readonly seconds: number;
  readonly checkpoint: string;
  readonly interrupted: boolean;
  readonly position: { readonly epoch: number; readonly step: number };
  readonly knnBefore: number | null;
  readonly knnAfter: number | null;
  readonly brokenImages: number;
}

function summaryLines(s: Summary, recipe: Recipe): string[] {
  const rows = [
    [s.interrupted ? "loss, this epoch so far" : "loss, last epoch", Number.isNaN(s.loss) ? "none" : s.loss.toFixed(3)],
    ...(s.knnBefore === null ? [] : [["kNN before training", percent(s.knnBefore, 2)]]),
    ...(s.knnAfter === null ? [] : [["kNN after training", percent(s.knnAfter, 2)]]),
    ["epochs", `${s.position.epoch} of ${recipe.epochs}`],
    ["training time", duration(s.seconds)],
    ...(s.brokenImages ? [["images skipped", String(s.brokenImages)]] : []),
    ["run folder", s.run],
    ["last checkpoint", s.checkpoint],
  ];
  return [...(s.interrupted ? [`stopped; go on with --resume --out ${s.run}`] : []), ...table(rows)];
}

const resumeNeedsOut = "--resume needs --out, the folder of the run to go on with";
const recipeNeeded = "--recipe is needed: a recipe file, the name of a bundled one such as demo, or auto";
const dataNeeded = "--data is needed: the images to train on (see --help)";

/** @throws UsageError with `otherwise` if there is no value */
function needed(value: string | undefined, otherwise: string): string {
  if (value === undefined) throw new UsageError("not-given", otherwise);
  return value;
}

const overrides = (flags: Flags): readonly string[] => {
  const named: readonly (readonly [string, unknown])[] = [
    ["epochs", flags.epochs],
    ["batchSize", flags.batchSize],
    ["optimizer.learningRate", flags.learningRate],
    ["seed", flags.seed],
    ["precision", flags.precision],
    ["method.variant", flags.variant],
  ];
  return [...flags.set, ...named.flatMap(([field, value]) => (value === undefined ? [] : [`${field}=${value}`]))];
};
