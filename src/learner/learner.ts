/** One object for the common things: train an encoder on images, and use it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClosableImages,
  describeImages,
  type GivenImages,
  type OpenImages,
  type OpenOptions,
  withImages,
} from "../data/index.js";
import {
  type EmbeddingTable,
  type Encoder,
  type ExportFormat,
  embeddingTable,
  encoderOf,
  exportModel,
  type Layer,
  type Learned,
  type MostAlike,
  mostAlike,
  namedFeatures,
  openTrained,
  originOf,
  originOfFile,
  type Places,
  placesOf,
  type Trained,
} from "../encoder/index.js";
import type { Engine } from "../engine/index.js";
import { said, UsageError } from "../errors.js";
import { doubtsOf } from "../presets/index.js";
import { encoderSettings, initialEncoder } from "../programs/index.js";
import { doubts, type KnnAccuracy, knnAccuracy, type Opening, trainedOn } from "../protocols/index.js";
import type { Recipe } from "../recipe/index.js";
import { learnedHierarchy, type Reporter, type RunFolder, type Session } from "../train/index.js";
import type { FitReport } from "../weights/index.js";
import { share, shareArrays, type World } from "../world/index.js";
import type { Initial } from "./initial.js";
import { type TrainedRun, trainBeside, trainRun } from "./training.js";

/** How a learner trains. */
export interface TrainSettings {
  /** A new run's folder; default: a temporary one, which `close` removes. A run that was opened goes on in its own. */
  readonly run?: string;
  /** Labelled images held out: kNN is measured on them before and after. Default: of a run that was opened, its own. */
  readonly test?: GivenImages | null;
  /** Aborting finishes the step, saves and returns. */
  readonly signal?: AbortSignal;
  /** Told how training goes, beside the reporter that the learner was opened with. */
  readonly report?: Reporter;
}

/** What a learner embeds. */
export interface EmbedSettings {
  /** Default: those that it was opened on. */
  readonly images?: GivenImages;
  /** `features` [N, width], the backbone's, for use (default), or `embedding` [N, D], the head's unit vectors. */
  readonly layer?: Layer;
  /** Whether the cluster at each level is added where a hierarchy was learned; default true. */
  readonly clusters?: boolean;
}

/** Where images stand in the hierarchy that was learned. */
export interface Hierarchy extends Places {
  readonly names: readonly string[];
}

/** What a learner is opened with. */
export interface LearnerParts {
  readonly recipe: Recipe;
  readonly images: ClosableImages;
  readonly engine: Engine;
  readonly run: RunFolder | null;
  readonly init: Initial | null;
  readonly session: Pick<Session, "crossCheck" | "threads">;
  /** The processes that work together. */
  readonly world: World;
  /** For other images that it opens. */
  readonly imageOptions: OpenOptions;
  readonly tell: Reporter;
}

/**
 * Images, a recipe and an engine held together, for the common things: train, embed, measure, place, find, export. Made by
 * {@link openLearner}. One thing at a time: no call is made while another is under way.
 */
export class Learner {
  /** What training goes by. */
  readonly recipe: Recipe;
  /** The images that it was opened on. */
  readonly images: OpenImages;
  /** What runs its graphs. */
  readonly engine: Engine;
  private folder: RunFolder | null;
  private learned: Promise<Trained> | null = null;
  private temporary: string | null = null;

  /** @internal */
  constructor(private readonly parts: LearnerParts) {
    ({ recipe: this.recipe, images: this.images, engine: this.engine, run: this.folder } = parts);
  }

  /** What of the weights fitted that it was opened with; null without any. */
  get fit(): FitReport | null {
    return this.parts.init?.told.report ?? null;
  }

  /** The run that was trained or opened; null before. */
  get run(): RunFolder | null {
    return this.folder;
  }

  /** The run and its last sound checkpoint. @throws UsageError if nothing is trained; CheckpointError if there is none, or a damaged one */
  trained(): Promise<Trained> {
    if (!this.folder) throw new UsageError("not-given", "nothing is trained yet: train first, or open a run");
    this.learned ??= openTrained(this.folder.path, (message) => this.parts.tell({ kind: "warning", message }));
    return this.learned;
  }

  /**
   * The query encoder, which is for use, or the key encoder, in whose space prototypes lie. Before training: the weights that it was
   * opened with, or the seed's.
   *
   * @throws CheckpointError if the run has no checkpoint, or a damaged one
   */
  async encoder(which: "query" | "key" = "query"): Promise<Encoder> {
    const { recipe, engine } = this;
    if (this.folder) return encoderOf(await this.trained(), engine, which);
    const weights = { ...initialEncoder(encoderSettings(recipe.encoder), recipe.seed), ...this.parts.init?.weights };
    return { engine, recipe, weights };
  }

  /**
   * The query encoder of process 0 of the world that it was opened in, for all: a call that all make.
   *
   * @throws as `encoder`
   */
  async sharedEncoder(): Promise<Encoder> {
    const { recipe, engine, world } = this.parts;
    const { weights } = world.rank === 0 ? await this.encoder() : { weights: {} };
    return { recipe, engine, weights: shareArrays(world, weights) };
  }

  /**
   * Trains (Guo et al. 2022, Algorithm 1), or goes on with the run that was opened, to the recipe's last epoch. How it goes is
   * reported.
   *
   * @throws UsageError if the folder holds a run, is being trained in, or was trained on other images or by other settings; DataError
   *   when too many images cannot be read; TrainingError when a loss is not finite
   */
  async train({ run, test, signal, report }: TrainSettings = {}): Promise<TrainedRun> {
    if (run !== undefined && this.folder)
      throw new UsageError(
        "contradiction",
        said`a run is open, ${{ file: this.folder.path }}, and goes on in its folder, not in ${run}`,
      );
    if (this.engine.precision !== this.recipe.precision)
      throw new UsageError(
        "contradiction",
        said`the engine was opened for ${{ precision: this.engine.precision }}, the recipe trains in ${this.recipe.precision}: open it without a precision of its own`,
      );
    for (const doubt of doubtsOf(this.recipe)) this.parts.tell({ kind: "warning", ...doubt });
    const held = test === undefined ? (this.folder?.description.test ?? null) : test;
    const result = await trainRun({
      ...this.parts,
      run: this.folder ?? run ?? (await this.temporaryRun()),
      test: await this.heldOut(held),
      tell: (event) => {
        this.parts.tell(event);
        report?.(event);
      },
      signal,
    });
    this.folder = result.folder;
    this.learned = Promise.resolve({ run: result.folder, recipe: this.recipe, checkpoint: result.last });
    return result;
  }

  /**
   * Trains beside process 0 of the world that it was opened in, whose `train` writes the run. @throws as `train`
   *
   * @param settings - `test`: as process 0 has it, with a run's own where that goes on
   */
  async trainBeside({ test = null, signal }: Pick<TrainSettings, "test" | "signal"> = {}): Promise<void> {
    await trainBeside({ ...this.parts, test: await this.heldOut(test), signal });
  }

  /**
   * A vector for every image that can be read, with its name, label and clusters. The processes of its world share the images: a
   * call that all make, whose rows process 0 gets.
   *
   * @throws DataError if too many images cannot be read
   */
  async embed({ images, layer = "features", clusters = true }: EmbedSettings = {}): Promise<EmbeddingTable> {
    const encoder = await this.sharedEncoder();
    const learned = clusters ? await this.sharedLearned() : null;
    return this.on(images, (opened) => embeddingTable(encoder, opened, layer, learned, this.parts.world));
  }

  /**
   * Weighted kNN (Wu et al. 2018) of labelled images among those that it was opened on, by unit features. The processes of its world
   * share the images: a call that all make.
   *
   * @param test - labelled images to classify; what makes scores on them worth less is told
   * @param settings - `k`: numbers of neighbours, a result for each, default 20; `temperature`, default 0.07
   * @throws DataError if the images have no single labels
   */
  async knn(
    test: GivenImages,
    settings: { readonly k?: readonly number[]; readonly temperature?: number } = {},
  ): Promise<KnnAccuracy> {
    return knnAccuracy(await this.sharedEncoder(), this.images, this.opening(test), settings, this.parts.world);
  }

  /**
   * The cluster of each image at each level, finest first, and its cosine to its finest prototype.
   *
   * @param images - default: those that it was opened on
   * @throws UsageError if nothing is trained, or nothing was clustered
   */
  async hierarchy(images?: GivenImages): Promise<Hierarchy> {
    const levels = learnedHierarchy((await this.trained()).checkpoint);
    return this.on(images, async (opened) => ({
      names: Array.from({ length: opened.source.count }, (_, i) => opened.source.name(i)),
      ...(await placesOf(await this.encoder("key"), levels, opened)),
    }));
  }

  /**
   * The images it was opened on that are most alike to some, by the cosine of their features.
   *
   * @param asked - the images to find the like of
   * @param settings - `count`: how many for each, default 10; `threshold`: the least cosine, default none
   */
  async neighbors(
    asked: GivenImages,
    { count = 10, threshold }: { readonly count?: number; readonly threshold?: number | undefined } = {},
  ): Promise<readonly MostAlike[]> {
    const encoder = await this.encoder();
    const wanted = await this.on(asked, (images) => namedFeatures(encoder, images));
    return mostAlike(encoder, wanted, await namedFeatures(encoder, this.images), count, threshold);
  }

  /**
   * Writes the encoder as files that others load, with a model card: ONNX models that take images of any size, or weights.
   *
   * @returns what `preprocessing.json` says, and the files
   * @throws DataError if they cannot be written
   */
  async export(folder: string, format: ExportFormat = "onnx"): ReturnType<typeof exportModel> {
    const origin = this.folder ? originOf(await this.trained()) : this.fit && originOfFile(this.fit);
    return exportModel(await this.encoder(), folder, format, { origin, accuracy: null });
  }

  /** Opens labelled images to measure on; what makes scores on them worth less is told. */
  opening(test: GivenImages): Opening {
    return (use) =>
      withImages(test, { ...this.parts.imageOptions, called: "test" }, async (images) => {
        const { folder } = this;
        if (this.parts.world.rank > 0) return use(images); // process 0 tells
        const isOther = folder !== null && folder.description.data !== this.images.name;
        const found = [...(isOther ? await trainedOn(folder, images) : []), ...(await doubts(this.images, images))];
        for (const doubt of found) this.parts.tell({ kind: "warning", ...doubt });
        return use(images);
      });
  }

  /** Releases engine, threads and images, and removes what was temporary. */
  async close(): Promise<void> {
    await this.parts.images.close();
    await this.engine.close();
    if (this.temporary !== null) await rm(this.temporary, { recursive: true, force: true });
  }

  /** What process 0's run has learned, for all; null without a run. */
  private async sharedLearned(): Promise<Learned | null> {
    const { world } = this.parts;
    const own = world.rank === 0 && this.folder ? (await this.trained()).checkpoint : null;
    const file = share(world, own?.file ?? null);
    const tensors = shareArrays(world, own?.tensors ?? {});
    return file === null ? null : { recipe: this.recipe, checkpoint: { file, tensors } };
  }

  private async heldOut(given: GivenImages | null) {
    const set = given === null ? null : await describeImages(given);
    return set && { name: set.name, open: this.opening(set) };
  }

  private on<T>(images: GivenImages | undefined, use: (images: OpenImages) => Promise<T>): Promise<T> {
    return images === undefined ? use(this.images) : withImages(images, this.parts.imageOptions, use);
  }

  private async temporaryRun(): Promise<string> {
    this.temporary ??= await mkdtemp(join(tmpdir(), "hcsc-run-"));
    return this.temporary;
  }
}
