/**
 * Training (Guo et al. 2022, Algorithm 1): every epoch after warm-up embed, cluster and hand over prototypes; every step two
 * views to both encoders, the loss, an update, the keys into the queue. All draws come from (seed, step or image), so a
 * resumed run gives the numbers of one that never stopped.
 */

import { release } from "../engine/index.js";
import { type StateMemory, stateMemory, stateTensors } from "../programs/index.js";
import { alone, anyOf, share, type World } from "../world/index.js";
import { type Checkpoint, type Position, saveCheckpoint } from "./checkpoint.js";
import { DamageWatch, isBefore } from "./damage.js";
import { epochBatches } from "./draws.js";
import { clusterForEpoch, type EpochClustering } from "./epochClustering.js";
import { notFinite } from "./failure.js";
import { LoadedPrograms } from "./loadedPrograms.js";
import { chanceLoss, type EpochMetric, isSound, mean, Pace, type StepMetric, stepMetric } from "./metrics.js";
import { advanced, learningRate, type Plan, parametersOf, planOf } from "./plan.js";
import { everyNth } from "./ranks.js";
import type { Metric } from "./runFolder.js";
import { savedOf } from "./sharedState.js";
import { initialParts, moveToState, singly } from "./start.js";
import type { Stepped, Steps } from "./stepper.js";
import type { TrainOptions, TrainResult } from "./trainOptions.js";
import { viewPolicies } from "./views.js";

/** Trains a run to its recipe's last epoch, or until aborted. @throws TrainingError when a loss is not finite; DataError when images fail */
export async function train(options: TrainOptions): Promise<TrainResult> {
  return new Training(options).run();
}

class Training {
  private readonly plan: Plan;
  private readonly memory: StateMemory;
  private readonly programs: LoadedPrograms;
  private readonly pace = new Pace();
  private position: Position = { epoch: 0, batch: 0, step: 0, enqueued: 0 };
  private assignments: readonly Int32Array[] = [];
  private lastCheckpoint: string | null = null;
  /** When the last checkpoint was saved. */
  private savedAt = performance.now();
  /** Updates done when those under way have ended. */
  private taken = 0;
  /** Losses of this epoch's steps so far, or of the last epoch's where this has none yet. */
  private losses: number[] = [];
  private toldKept = false;
  private toldClusters = false;
  private readonly damage = new DamageWatch();
  private readonly world: World;

  constructor(private readonly options: TrainOptions) {
    this.world = options.together?.world ?? alone;
    this.plan = planOf(options.run.description.recipe, options.source.count, this.world.size);
    const { settings } = this.plan;
    const addsGradients = settings.accumulation > 1 || options.together !== undefined;
    this.memory = stateMemory(options.target, stateTensors(settings, addsGradients));
    this.programs = new LoadedPrograms(options, this.plan, this.memory);
  }

  async run(): Promise<TrainResult> {
    const { report, resume } = this.options;
    const began = performance.now();
    await this.begin(resume);
    const stopping = () => report({ kind: "stopping", steps: this.taken - this.position.step });
    this.options.signal?.addEventListener("abort", stopping, { once: true });
    let interrupted = false;
    while (this.position.epoch < this.plan.recipe.epochs && !interrupted) interrupted = await this.epoch();
    this.options.signal?.removeEventListener("abort", stopping);
    await this.programs.unload();
    const file = this.lastCheckpoint ?? (await this.save());
    report({ kind: "checkpoint", file });
    return {
      position: this.position,
      checkpoint: file,
      interrupted,
      loss: mean(this.losses),
      seconds: (performance.now() - began) / 1000,
    };
  }

  private async begin(resume: Checkpoint | undefined): Promise<void> {
    const { report, run, engine, source, initial } = this.options;
    if (resume) {
      this.position = resume.position;
      this.taken = this.position.step;
      this.assignments = resume.assignments;
      this.lastCheckpoint = resume.file;
      await run.rewind(this.position.step);
      const done = (await run.metrics()).filter((m): m is Metric & StepMetric => m.kind === "step");
      this.losses = done.filter((m) => m.epoch === done.at(-1)?.epoch).map((m) => m.loss);
      for (const step of done) this.damage.observe(step);
    }
    if (this.world.rank === 0)
      await moveToState(engine, this.memory, resume ? singly(resume.tensors) : initialParts(this.plan.recipe, initial));
    await this.spread();
    report({
      kind: "start",
      run: run.path,
      images: source.count,
      stepsPerEpoch: this.plan.stepsPerEpoch,
      epochs: this.plan.recipe.epochs,
      provider: engine.provider,
      parameters: parametersOf(this.plan),
      resumedAt: this.lastCheckpoint === null ? null : this.position.step,
    });
    if (this.lastCheckpoint === null) await this.save();
  }

  /** Has all processes begin where process 0 does. */
  private async spread(): Promise<void> {
    const { memory, plan } = this;
    const { engine, together } = this.options;
    if (!together) return;
    const place = share(together.world, { position: this.position, file: this.lastCheckpoint });
    this.position = place.position;
    this.taken = place.position.step;
    this.lastCheckpoint = place.file;
    this.assignments = await together.shareState(engine, memory, plan, this.assignments);
  }

  /** One epoch, or the rest of one. @returns whether training was asked to stop before it is done */
  private async epoch(): Promise<boolean> {
    const { method } = this.plan.recipe;
    const { epoch } = this.position;
    const began = performance.now();
    const selective = method.clusters.length > 0 && epoch >= method.warmupEpochs;
    const isDue = selective && this.position.batch === 0;
    const before = isDue ? await this.cluster() : null;
    // The state of the epoch's start is saved; images are clustered again when the run goes on.
    if (isDue && (!before || this.isStopping())) return true;
    const stepper = await this.programs.stepper(selective ? "selective" : "warmup");
    const clusterSeconds = (performance.now() - began) / 1000;
    const waitedBefore = this.options.loader.waitedSeconds;
    if (this.position.batch === 0) this.losses = [];
    const resumedAt = this.losses.length;
    const { interrupted } = await this.steps(stepper);
    const seconds = (performance.now() - began) / 1000;
    const stepSeconds = seconds - clusterSeconds;
    const metric: EpochMetric = {
      kind: "epoch",
      step: this.position.step,
      epoch,
      loss: mean(this.losses),
      chanceLoss: chanceLoss(method.queue),
      seconds,
      clusterSeconds,
      imagesPerSecond: ((this.losses.length - resumedAt) * this.plan.imagesPerStep) / stepSeconds,
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
      this.reportKept();
    }
    await this.save();
    if (!interrupted) await this.options.afterEpoch?.(this.position.epoch);
    return interrupted || (this.isStopping() && this.position.epoch < this.plan.recipe.epochs);
  }

  /** The steps of this epoch from the position on. */
  private async steps(stepper: Steps): Promise<{ interrupted: boolean }> {
    const { loader } = this.options;
    const { batchSize, seed, accumulation } = this.plan.recipe;
    const { epoch } = this.position;
    const batches = epochBatches(this.options.source.count, batchSize, seed, epoch).slice(0, this.plan.batchesPerEpoch);
    const rest = batches
      .slice(this.position.batch)
      .map((indices) => ({ indices: everyNth(indices, 1, this.world), epoch }));
    let mark = performance.now();
    const [began, waitedBefore] = [mark, loader.waitedSeconds];
    const record = async (ran: readonly Stepped[]): Promise<void> => {
      const now = performance.now();
      const waitingShare = (loader.waitedSeconds - waitedBefore) / ((now - began) / 1000);
      for (const stepped of ran) {
        const metric = await this.finish(stepped);
        if (!metric) continue;
        this.losses.push(metric.loss);
        this.damage.observe(metric);
        await this.options.run.append(metric as StepMetric & Record<string, unknown>);
        this.reportStep(metric, (now - mark) / 1000 / ran.length, waitingShare);
      }
      if (ran.length > 0) mark = now;
    };
    let { position } = this;
    for await (const batch of loader.train(rest, viewPolicies(this.plan.recipe))) {
      if (position.batch % accumulation === 0 && this.isStopping()) break;
      this.taken = position.step + 1;
      await record(await stepper.take(batch, position, this.assignments));
      position = advanced(this.plan, position);
      if (position.batch % accumulation === 0 && position.batch < batches.length && this.isSaveDue()) {
        await record(await stepper.finish());
        await this.save();
      }
    }
    await record(await stepper.finish());
    const done = this.position.batch === batches.length;
    if (done) this.position = { ...this.position, epoch: epoch + 1, batch: 0 };
    return { interrupted: !done };
  }

  private reportKept(): void {
    const { loader, report } = this.options;
    if (this.toldKept || loader.kept.room === 0) return;
    this.toldKept = true;
    report({ kind: "kept", decoded: loader.kept });
  }

  private reportStep(metric: StepMetric, seconds: number, waitingShare: number): void {
    this.pace.observe(seconds);
    this.options.report({
      kind: "step",
      metric,
      imagesPerSecond: this.plan.imagesPerStep / seconds,
      waitingShare,
      remainingSeconds: this.pace.remaining(this.plan.recipe.epochs * this.plan.stepsPerEpoch - this.position.step),
    });
  }

  /** Records a batch that ran. @returns the metric of an update, or null while gradients are still summed */
  private async finish({ from, out }: Stepped): Promise<StepMetric | null> {
    this.position = advanced(this.plan, from);
    const metric = stepMetric(out, {
      step: this.position.step,
      epoch: from.epoch,
      learningRate: learningRate(this.plan, from),
    });
    if (!isSound(metric)) {
      const error = await notFinite(this.options.run, metric, this.memory.unpack(await this.options.engine.read()));
      this.world.barrier(); // process 0 has noted it
      throw error;
    }
    return this.position.step > from.step ? metric : null;
  }

  private async cluster(): Promise<EpochClustering | null> {
    const { plan, memory, position, toldClusters, world } = this;
    const { keyEncoder } = this.programs;
    const saysWarnings = !toldClusters;
    const signal = this.options.together ? undefined : this.options.signal; // one cannot leave the others waiting
    const clustered = await clusterForEpoch({
      ...this.options,
      keyEncoder,
      signal,
      plan,
      memory,
      position,
      saysWarnings,
      world,
    });
    if (!clustered) return null;
    this.assignments = clustered.clustering.assignments;
    this.toldClusters = true;
    return clustered;
  }

  private isSaveDue(): boolean {
    return anyOf(this.world, performance.now() - this.savedAt > this.plan.recipe.checkpointMinutes * 60_000);
  }

  private isStopping(): boolean {
    return anyOf(this.world, this.options.signal?.aborted === true);
  }

  /** @returns the checkpoint, which process 0 has written */
  private async save(): Promise<string> {
    this.savedAt = performance.now();
    const file = share(this.world, this.world.rank === 0 ? await this.write() : "");
    this.lastCheckpoint = file;
    return file;
  }

  private async write(): Promise<string> {
    const held = await this.options.engine.read();
    const tensors = savedOf(this.plan, this.memory.unpack(held));
    const { position, assignments } = this;
    const { from } = this.damage;
    // What shows damage now may fail later: the last checkpoint from before it stays.
    const isWanted = (updates: number) => from !== null && isBefore(updates, from);
    const file = await saveCheckpoint(this.options.run, { position, tensors, assignments }, isWanted);
    release([...Object.values(held), ...Object.values(tensors)]);
    return file;
  }
}
