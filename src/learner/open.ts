/** Opening a learner: its images, its recipe, its engine, which then cannot contradict one another. */
import { availableParallelism } from "node:os";
import { describeImages, type GivenImages, type OpenOptions, openImages, openSource } from "../data/index.js";
import { onDisk } from "../disk/index.js";
import { CheckpointError, said, UsageError } from "../errors.js";
import type { Recipe } from "../recipe/index.js";
import { type Reporter, RunFolder, type TrainEvent } from "../train/index.js";
import { type OpenedWeights, openWeights } from "../weights/index.js";
import { alone, share, type World } from "../world/index.js";
import { type EngineChoice, openHeardEngine } from "./engine.js";
import { type Initial, initialOf } from "./initial.js";
import { Learner } from "./learner.js";
import { loadingThreads, machineShare } from "./machineShare.js";
import { type RecipeChoice, recipeFor, resumedRecipe, sharedRecipe } from "./recipe.js";

/** Images, a recipe or a run, and where graphs run; the defaults suit most. */
export interface LearnerOptions extends RecipeChoice, EngineChoice {
  /** A folder or another set by its name (as of `describeSource`), or images in memory. Default: of a run, its own. */
  readonly images?: GivenImages | undefined;
  /** The folder of a run to use or go on with, in place of a recipe of its own; `set` and `recipe` may change what may change. */
  readonly run?: string | undefined;
  /**
   * A file of weights that exist, which the encoder starts from: of PyTorch, safetensors, ONNX, or a Hugging Face folder. Without a
   * recipe, they tell it.
   */
  readonly weights?: string | undefined;
  /** Whether what does not fit of the weights is left out; default false: it is an error. */
  readonly partial?: boolean | undefined;
  /** Side of the images in pixels, of a recipe that weights tell. */
  readonly size?: number | undefined;
  /** Of random views; default the recipe's. */
  readonly seed?: number | undefined;
  /** Threads that load images; default 2 beside the CPU's engine, and on devices all cores but one, at least 2. */
  readonly workers?: number | undefined;
  /** Share of images that may be broken, 0 to 1; default 0.01. One always may. */
  readonly maxBroken?: number | undefined;
  /** Whether decoded images stay in memory, a quarter of it at most, as they are read many times; default true. */
  readonly keepDecoded?: boolean | undefined;
  /**
   * The processes that train a run or evaluate it together (`joinWorld`); default: this one alone. Process 0 reads the recipe, the run
   * and the weights, for all.
   */
  readonly world?: World | undefined;
  /** Told what was chosen, how training and other work go, and what is in doubt. Default: warnings become Node's own. */
  readonly report?: Reporter | undefined;
}

/**
 * Opens images with a recipe and a provider.
 *
 * ```ts
 * const learner = await openLearner({ images: "photos" });
 * await learner.train();
 * const { names, vectors } = await learner.embed();
 * await learner.close();
 * ```
 *
 * @throws UsageError for wrong options; DataError for images, CheckpointError for weights that cannot be used; ProviderError if the
 *   provider is not there
 */
export async function openLearner(options: LearnerOptions): Promise<Learner> {
  const { run: path, weights: file, maxBroken, crossCheck = true } = options;
  const { report = nodeWarnings, world = alone } = options;
  const tell: Reporter = (event) => {
    world.moved(placeOf(event));
    report(event);
  };
  const isMain = world.rank === 0;
  const { keepDecoded = true, ...own } = machineShare(world, options);
  const run = path === undefined || !isMain ? null : await RunFolder.open(onDisk(path));
  const given = options.images ?? run?.description.data;
  if (given === undefined)
    throw new UsageError("not-given", "images are needed: a folder, a list, or images in memory", {
      settings: ["data"],
    });
  const set = await describeImages(given);
  const opened = file === undefined || !isMain ? null : await openWeights(file);
  const recipeOf = async (): Promise<Recipe> =>
    run
      ? resumedRecipe(run, options)
      : sharedRecipe(
          await recipeFor(openSource(set.description), options, tell, opened, options.size),
          world.size,
          tell,
        );
  const recipe = share(world, isMain ? await recipeOf() : null) as Recipe;
  const init = await startOf(recipe, run, opened, options.partial === true);
  const engine = await openHeardEngine({ ...options, ...own, precision: options.precision ?? recipe.precision }, tell);
  const imageOptions: OpenOptions = {
    workers: options.workers ?? loadingThreads(engine.provider, own.threads ?? availableParallelism()),
    maxBroken,
    keepDecoded,
    onWarning: (message) => tell({ kind: "warning", message }),
    progress: (stage, done, total) => tell({ kind: "progress", stage, done, total }),
  };
  const images = openImages(set, { ...imageOptions, seed: options.seed ?? recipe.seed });
  const session = { crossCheck: crossCheck && engine.provider !== "cpu", threads: own.threads ?? null };
  return new Learner({ recipe, images, engine, run, init, session, imageOptions, world, tell });
}

/** What a process has come to that tells an event. */
const placeOf = (event: TrainEvent): string =>
  event.kind === "step" ? `step ${event.metric.step}` : event.kind === "progress" ? event.stage : event.kind;

/** Tells warnings as Node's own, and nothing else: where nobody listens. */
export const nodeWarnings: Reporter = (event) => {
  if (event.kind === "warning") process.emitWarning(event.message);
};

/** What an encoder without a checkpoint starts from: a file of weights, read again where a run was stopped before its first. */
async function startOf(
  recipe: Recipe,
  run: RunFolder | null,
  given: OpenedWeights | null,
  partial: boolean,
): Promise<Initial | null> {
  const before = run?.description.init;
  if (run && given)
    throw new UsageError("contradiction", "weights are what a new run starts from: they have no place beside a run");
  if (run && (!before || (await run.listCheckpoints()).length > 0)) return null;
  const opened = given ?? (before && (await openWeights(before.file)));
  if (!opened) return null;
  if (before && before.sha256 !== opened.sha256)
    throw new CheckpointError(
      "other-weights",
      said`${{ file: before.file }} is another file than the one that this run was to start from: restore it, or train anew in another folder`,
      { settings: ["out"] },
    );
  return initialOf(opened, recipe, before?.partial ?? partial);
}

/** Opens a learner for `use`, and closes it whatever happens. @throws as `openLearner`, and what `use` throws */
export async function withLearner<T>(options: LearnerOptions, use: (learner: Learner) => Promise<T>): Promise<T> {
  const learner = await openLearner(options);
  try {
    return await use(learner);
  } finally {
    await learner.close();
  }
}
