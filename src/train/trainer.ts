/**
 * Training (Guo et al. 2022, Algorithm 1): every epoch after warm-up embed, cluster and hand over prototypes; every step two
 * views to both encoders, the loss, an update, the keys into the queue. All draws come from (seed, step or image), so a
 * resumed run gives the numbers of one that never stopped.
 */

import type { DenseArray } from "../array.js";
import { elements } from "../array.js";
import {
  encoderSettings,
  encoderSpecs,
  feeds,
  initialEncoder,
  type Phase,
  type Program,
  prepareProgram,
  results,
  type StepSettings,
  state,
  stepPrograms,
  stepSettings,
  type Target,
} from "../artifacts/index.js";
import type { ImageSource, Loader } from "../data/index.js";
import { DataError, TrainingError } from "../errors.js";
import { embeddingSpread, knnClassify } from "../eval/index.js";
import { scheduleFactor, slotNames } from "../optim/index.js";
import { type Recipe, scaledLearningRate } from "../recipe/index.js";
import { type Engine, similarityOn } from "../runtime/index.js";
import { type Checkpoint, type Position, saveCheckpoint } from "./checkpoint.js";
import { type Clustering, clusterEmbeddings } from "./clusterStage.js";
import { epochBatches, initialQueue, keyShuffle, selectionDraws } from "./draws.js";
import { type Embedded, embedImages } from "./embed.js";
import type { Reporter } from "./events.js";
import { chanceLoss, collapseCosine, type EpochMetric, Pace, type StepMetric } from "./metrics.js";
import type { RunFolder } from "./runFolder.js";
import { viewPolicies } from "./views.js";

export interface TrainOptions {
  readonly run: RunFolder;
  readonly engine: Engine;
  readonly target: Target;
  readonly source: ImageSource;
  readonly loader: Loader;
  /** Where to go on from; absent: the beginning. */
  readonly resume?: Checkpoint | undefined;
  readonly report: Reporter;
  /** Aborting finishes the step, saves and returns. */
  readonly signal?: AbortSignal | undefined;
}

export interface TrainResult {
  readonly position: Position;
  readonly checkpoint: string;
  readonly interrupted: boolean;
  /** Mean loss of the last epoch. */
  readonly loss: number;
  readonly seconds: number;
}

/** Trains a run to its recipe's last epoch, or until aborted. @throws TrainingError when a loss is not finite; DataError when images fail */
export async function train(options: TrainOptions): Promise<TrainResult> {
  return new Training(options).run();
}

/** The tensors that a run starts from. */
export function initialState(recipe: Recipe): Record<string, DenseArray> {
  const settings = encoderSettings(recipe.encoder);
  const weights = initialEncoder(settings, recipe.seed);
  const start: Record<string, DenseArray> = {
    [state.queue]: initialQueue(recipe.method.queue, recipe.encoder.dimension, recipe.seed),
  };
  for (const spec of encoderSpecs(settings)) {
    const value = weights[spec.name];
    start[state.query(spec.name)] = value;
    start[state.key(spec.name)] = value;
    if (!spec.trainable) continue;
    const zeros = () => ({ shape: spec.shape, data: new Float32Array(elements(spec.shape)) });
    for (const slot of slotNames[recipe.optimizer.kind]) start[state.optimizer(slot, spec.name)] = zeros();
    if (recipe.accumulation > 1) start[state.gradient(spec.name)] = zeros();
  }
  return start;
}

class Training {
  private readonly recipe: Recipe;
  private readonly settings: StepSettings;
  private readonly stepsPerEpoch: number;
  private readonly pace = new Pace();
  private programs: { readonly phase: Phase; readonly all: readonly Program[] } | null = null;
  private position: Position = { epoch: 0, batch: 0, step: 0, enqueued: 0 };
  private assignments: readonly Int32Array[] = [];
  private lastCheckpoint: string | null = null;

  constructor(private readonly options: TrainOptions) {
    this.recipe = options.run.description.recipe;
    this.settings = stepSettings(this.recipe);
    this.stepsPerEpoch = Math.floor(options.source.count / (this.recipe.batchSize * this.recipe.accumulation));
    const needed = this.recipe.batchSize * this.recipe.accumulation;
    if (this.stepsPerEpoch === 0)
      throw new DataError(
        `the data holds ${options.source.count} images, an update takes ${needed}: give more images or a smaller batchSize`,
      );
  }

  async run(): Promise<TrainResult> {
    const { report, resume } = this.options;
    const began = performance.now();
    await this.begin(resume);
    let loss = Number.NaN;
    let interrupted = false;
    while (this.position.epoch < this.recipe.epochs && !interrupted) {
      const epoch = await this.epoch();
      loss = epoch.loss;
      interrupted = epoch.interrupted;
    }
    const file = this.lastCheckpoint ?? (await this.save());
    report({ kind: "checkpoint", file });
    return {
      position: this.position,
      checkpoint: file,
      interrupted,
      loss,
      seconds: (performance.now() - began) / 1000,
    };
  }

  private async begin(resume: Checkpoint | undefined): Promise<void> {
    const { report, run, engine, source } = this.options;
    if (resume) {
      await this.options.engine.write(resume.tensors);
      this.position = resume.position;
      this.assignments = resume.assignments;
      this.lastCheckpoint = resume.file;
      await run.rewind(this.position.step);
    } else {
      await this.options.engine.write(initialState(this.recipe));
    }
    const parameters = encoderSpecs(this.settings.encoder)
      .filter((s) => s.trainable)
      .reduce((n, s) => n + elements(s.shape), 0);
    report({
      kind: "start",
      run: run.path,
      images: source.count,
      stepsPerEpoch: this.stepsPerEpoch,
      epochs: this.recipe.epochs,
      provider: engine.provider,
      parameters,
      resumedAt: resume ? this.position.step : null,
    });
    if (!resume) await this.save();
  }

  /** One epoch, or the rest of one. */
  private async epoch(): Promise<{ loss: number; interrupted: boolean }> {
    const { epoch } = this.position;
    const began = performance.now();
    const selective = this.recipe.method.clusters.length > 0 && epoch >= this.recipe.method.warmupEpochs;
    const before = selective && this.position.batch === 0 ? await this.cluster() : null;
    if (selective) await this.load("selective");
    else await this.load("warmup");
    const clusterSeconds = (performance.now() - began) / 1000;
    const waitedBefore = this.options.loader.waitedSeconds;
    const { losses, interrupted } = await this.steps();
    const seconds = (performance.now() - began) / 1000;
    const loss = losses.reduce((a, b) => a + b, 0) / Math.max(1, losses.length);
    const stepSeconds = seconds - clusterSeconds;
    const metric: EpochMetric = {
      kind: "epoch",
      step: this.position.step,
      epoch,
      loss,
      chanceLoss: chanceLoss(this.recipe.method.queue),
      seconds,
      clusterSeconds,
      imagesPerSecond: (losses.length * this.recipe.batchSize * this.recipe.accumulation) / stepSeconds,
      waitingShare: (this.options.loader.waitedSeconds - waitedBefore) / stepSeconds,
      ...(before
        ? {
            clusters: before.clustering.counts,
            clusterSizes: before.clustering.extremes,
            meanCosine: before.meanCosine,
          }
        : {}),
      ...(before?.onlineKnn === undefined ? {} : { onlineKnn: before.onlineKnn }),
      brokenImages: this.options.loader.broken.size,
    };
    if (!interrupted) {
      await this.options.run.append(metric as EpochMetric & Record<string, unknown>);
      this.options.report({ kind: "epoch", metric });
    }
    await this.save();
    return { loss, interrupted };
  }

  /** The steps of this epoch from the position on. */
  private async steps(): Promise<{ losses: number[]; interrupted: boolean }> {
    const { loader, signal } = this.options;
    const { accumulation, batchSize, seed } = this.recipe;
    const { epoch } = this.position;
    const batches = epochBatches(this.options.source.count, batchSize, seed, epoch).slice(
      0,
      this.stepsPerEpoch * accumulation,
    );
    const rest = batches.slice(this.position.batch).map((indices) => ({ indices, epoch }));
    const losses: number[] = [];
    let mark = performance.now();
    const [began, waitedBefore] = [mark, loader.waitedSeconds];
    for await (const batch of loader.train(rest, viewPolicies(this.recipe))) {
      const metric = await this.step(batch.indices, batch.views);
      if (metric) {
        losses.push(metric.loss);
        await this.options.run.append(metric as StepMetric & Record<string, unknown>);
        const now = performance.now();
        this.reportStep(metric, (now - mark) / 1000, (loader.waitedSeconds - waitedBefore) / ((now - began) / 1000));
        mark = now;
        if (signal?.aborted) break;
      }
    }
    const done = this.position.batch === batches.length;
    if (done) this.position = { ...this.position, epoch: epoch + 1, batch: 0 };
    return { losses, interrupted: !done };
  }

  private reportStep(metric: StepMetric, seconds: number, waitingShare: number): void {
    this.pace.observe(seconds);
    this.options.report({
      kind: "step",
      metric,
      imagesPerSecond: (this.recipe.batchSize * this.recipe.accumulation) / seconds,
      waitingShare,
      remainingSeconds: this.pace.remaining(this.recipe.epochs * this.stepsPerEpoch - this.position.step),
    });
  }

  /** One batch; the metric of an update, or null while gradients still add up. */
  private async step(indices: Int32Array, views: readonly Float32Array[]): Promise<StepMetric | null> {
    const programs = this.programs?.all ?? [];
    const { engine } = this.options;
    const { position, recipe } = this;
    const fed = this.feeds(programs[0], indices, views);
    const wanted = [
      results.loss,
      results.terms,
      results.gradientNorm,
      results.concentration,
      results.instanceKept,
      results.prototypeKept,
    ].filter((n) => programs[0].outputs.includes(n));
    const out = await engine.run(programs[0].name, fed, wanted);
    const updates = (position.batch + 1) % recipe.accumulation === 0;
    if (programs[1] && updates) await engine.run(programs[1].name, this.rates(programs[1]), []);
    this.position = {
      epoch: position.epoch,
      batch: position.batch + 1,
      step: position.step + (updates ? 1 : 0),
      enqueued: (position.enqueued + recipe.batchSize) % recipe.method.queue,
    };
    const numbers = (name: string) => Array.from((out[name]?.data ?? []) as Float32Array);
    const metric: StepMetric = {
      kind: "step",
      step: this.position.step,
      epoch: position.epoch,
      loss: numbers(results.loss)[0],
      terms: numbers(results.terms),
      learningRate: this.learningRate(position),
      gradientNorm: numbers(results.gradientNorm)[0],
      concentration: numbers(results.concentration)[0],
      ...(out[results.instanceKept] ? { instanceKept: numbers(results.instanceKept) } : {}),
      ...(out[results.prototypeKept] ? { prototypeKept: numbers(results.prototypeKept) } : {}),
    };
    if (!Number.isFinite(metric.loss) || !Number.isFinite(metric.gradientNorm)) await this.failNotFinite(metric);
    return updates ? metric : null;
  }

  private learningRate(position: Position): number {
    const epoch = position.epoch + position.batch / (this.stepsPerEpoch * this.recipe.accumulation);
    return scaledLearningRate(this.recipe) * scheduleFactor(this.recipe.schedule, epoch, this.recipe.epochs);
  }

  private rates(program: Program): Record<string, DenseArray> {
    const scalars: Record<string, number> = {
      [feeds.learningRate]: this.learningRate(this.position),
      [feeds.momentum]: this.recipe.optimizer.momentum,
      // Batches of one update share one momentum update of the key encoder.
      [feeds.keyMomentum]: this.position.batch % this.recipe.accumulation === 0 ? this.recipe.method.keyMomentum : 1,
      [feeds.step]: this.position.step + 1,
    };
    const names = new Set(program.inputs.map((v) => v.name));
    return Object.fromEntries(
      Object.entries(scalars).flatMap(([name, x]) =>
        names.has(name) ? [[name, { shape: [], data: Float32Array.of(x) }]] : [],
      ),
    );
  }

  private feeds(program: Program, indices: Int32Array, views: readonly Float32Array[]): Record<string, DenseArray> {
    const s = this.settings;
    const { batchSize, seed, method } = this.recipe;
    const names = new Set(program.inputs.map((v) => v.name));
    const batchNumber = this.position.epoch * this.stepsPerEpoch * this.recipe.accumulation + this.position.batch;
    const image = (size: number, data: Float32Array): DenseArray => ({
      shape: [batchSize, s.encoder.channels, size, size],
      data,
    });
    const longs = (data: BigInt64Array): DenseArray => ({ shape: [batchSize], data });
    const shuffle = s.keySubBatches > 1 ? keyShuffle(batchSize, seed, batchNumber) : null;
    const given: Record<string, DenseArray> = {
      [feeds.queryImages]: image(s.imageSize, views[0]),
      [feeds.keyImages]: image(s.imageSize, shuffle ? reordered(views[1], shuffle.order) : views[1]),
      [feeds.slots]: longs(
        BigInt64Array.from({ length: batchSize }, (_, i) => BigInt((this.position.enqueued + i) % method.queue)),
      ),
      ...this.rates(program),
      ...selectionDraws(s, seed, batchNumber, names),
    };
    if (shuffle) given[feeds.unshuffle] = longs(shuffle.places);
    for (const [v, size] of s.localSizes.entries()) given[feeds.localImages(v)] = image(size, views[2 + v]);
    for (const [l, owner] of this.assignments.entries()) {
      if (names.has(feeds.assignment(l)))
        given[feeds.assignment(l)] = longs(BigInt64Array.from(indices, (i) => BigInt(owner[i])));
      if (names.has(feeds.maxAssignment(l)))
        given[feeds.maxAssignment(l)] = { shape: [], data: Float32Array.of(owner.reduce((a, b) => Math.max(a, b), 0)) };
    }
    return given;
  }

  /** Loads the programs of a phase in place of the other's. */
  private async load(phase: Phase): Promise<void> {
    if (this.programs?.phase === phase) return;
    for (const p of this.programs?.all ?? []) await this.options.engine.unload(p.name);
    const all = stepPrograms(this.settings, phase, this.options.target);
    for (const program of all) {
      await this.options.run.saveGraph(`${phase}-${program.name}`, program.model);
      await this.options.engine.load(program.name, program.model, { state: program.state });
    }
    this.programs = { phase, all };
  }

  private async cluster(): Promise<{ clustering: Clustering; meanCosine: number; onlineKnn?: number }> {
    const { engine, report, source, loader } = this.options;
    const began = performance.now();
    const key = await this.weights("key");
    const everything = Int32Array.from({ length: source.count }, (_, i) => i);
    const embedded = await embedImages(engine, loader, this.recipe, key, everything, (done) =>
      report({ kind: "embed", done, total: source.count }),
    );
    const clustering = await clusterEmbeddings(engine, this.recipe, embedded.embeddings, this.recipe.seed);
    this.assignments = clustering.assignments;
    await this.options.engine.write(clustering.tensors);
    const prepare = prepareProgram(this.settings);
    await engine.load(prepare.name, prepare.model, { state: prepare.state });
    await engine.run(prepare.name, {}, []);
    await engine.unload(prepare.name);
    for (const message of clustering.warnings) report({ kind: "warning", message });
    const { meanCosine } = embeddingSpread(embedded.embeddings);
    if (meanCosine > collapseCosine) {
      report({
        kind: "warning",
        message: `the embeddings have all but collapsed: their mean cosine is ${meanCosine.toFixed(3)}. A lower learning rate, a longer warm-up or more keySubBatches may help`,
      });
    }
    report({
      kind: "cluster",
      epoch: this.position.epoch,
      seconds: (performance.now() - began) / 1000,
      counts: clustering.counts,
    });
    const onlineKnn = await this.onlineKnn(embedded);
    return { clustering, meanCosine, ...(onlineKnn === undefined ? {} : { onlineKnn }) };
  }

  /** A fifth of the labelled images, at most 2,000, classified by the rest. */
  private async onlineKnn({ embeddings }: Embedded): Promise<number | undefined> {
    const { labels } = this.options.source;
    if (!labels || labels.length < 10) return undefined;
    const [count, width] = embeddings.shape;
    const every = Math.max(5, Math.ceil(count / 2000));
    const pick = (isQuery: boolean) => {
      const rows = Array.from({ length: count }, (_, i) => i).filter((i) => (i % every === 0) === isQuery);
      const data = new Float32Array(rows.length * width);
      for (const [at, row] of rows.entries())
        data.set(embeddings.data.subarray(row * width, (row + 1) * width), at * width);
      return { features: { shape: [rows.length, width], data }, labels: Int32Array.from(rows, (r) => labels[r]) };
    };
    const bank = pick(false);
    const k = Math.min(20, bank.labels.length);
    const [{ top1 }] = await knnClassify(bank, pick(true), {
      k: [k],
      mostSimilar: await similarityOn(this.options.engine),
    });
    return top1;
  }

  private async weights(which: "query" | "key"): Promise<Record<string, DenseArray>> {
    const names = encoderSpecs(this.settings.encoder).map((s) => s.name);
    const stored = await this.options.engine.read(names.map(state[which]));
    return Object.fromEntries(names.map((n) => [n, stored[state[which](n)]]));
  }

  private async save(): Promise<string> {
    const tensors = await this.options.engine.read();
    this.lastCheckpoint = await saveCheckpoint(this.options.run, {
      position: this.position,
      tensors,
      assignments: this.assignments,
    });
    return this.lastCheckpoint;
  }

  private async failNotFinite(metric: StepMetric): Promise<never> {
    const tensors = await this.options.engine.read();
    const bad = Object.entries(tensors).find(
      ([, { data }]) => data instanceof Float32Array && !data.every(Number.isFinite),
    )?.[0];
    const which = Number.isFinite(metric.loss) ? "gradient" : "loss";
    throw new TrainingError(
      `step ${metric.step}: the ${which} is not finite (loss ${metric.loss}, gradient norm ${metric.gradientNorm})${bad ? `; the first tensor with such a number is ${bad}` : ""}. The last good checkpoint is ${this.lastCheckpoint}. Lower optimizer.learningRate or set optimizer.clipNorm, then --resume`,
    );
  }
}

/** Images of a batch in another order. */
function reordered(images: Float32Array, order: Int32Array): Float32Array {
  const size = images.length / order.length;
  const out = new Float32Array(images.length);
  for (const [place, image] of order.entries())
    out.set(images.subarray(image * size, (image + 1) * size), place * size);
  return out;
}
