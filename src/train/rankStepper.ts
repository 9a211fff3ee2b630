/**
 * An epoch's batches on one of several processes that share each of them. Process r of N has images r, r + N, … of a batch, and
 * encodes places r, r + N, … of the shuffled key batch: so the parts that BatchNorm sees apart are those of one process alone.
 * The images of its keys come from the processes that have read them, all keys go to all, and the gradients of an update and the
 * running statistics become the mean of all: the numbers are those of one process, up to how sums are rounded.
 *
 * All of it goes step by step, for processes must call one another in the same order.
 */
import type { DenseArray } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { Batch } from "../data/index.js";
import type { Engine } from "../engine/index.js";
import {
  encoderSpecs,
  feeds,
  type Phase,
  type Program,
  partOf,
  type RankPrograms,
  rankPrograms,
  results,
  type StateMemory,
  state,
} from "../programs/index.js";
import type { World } from "../world/index.js";
import type { Position } from "./checkpoint.js";
import { keyShuffle, SelectionDraws } from "./draws.js";
import { stepOutputs } from "./metrics.js";
import { advanced, batchNumber, type Plan } from "./plan.js";
import { everyNth, exchangedRows, meanOf } from "./ranks.js";
import { imageFeed, rateFeeds, slotFeed, stepFeeds } from "./stepFeeds.js";
import type { Stepped, Steps } from "./stepper.js";

type Arrays = Readonly<Record<string, DenseArray>>;

/** The steps of a phase on a process; its programs are to be loaded first. */
export class RankStepper implements Steps {
  readonly programs: readonly Program[];
  private readonly parts: RankPrograms;
  /** What of a step is this process's own. */
  private readonly part: Plan;
  private readonly draws: SelectionDraws;
  /** Held tensors that become the mean of all with each update. */
  private readonly averaged: readonly string[];

  constructor(
    private readonly engine: Engine,
    private readonly plan: Plan,
    phase: Phase,
    target: CompileTarget,
    memory: StateMemory,
    private readonly world: World,
  ) {
    const { settings, recipe } = plan;
    this.parts = rankPrograms(settings, world.size, phase, target);
    this.programs = Object.values(this.parts);
    this.part = { ...plan, settings: partOf(settings, world.size) };
    this.draws = new SelectionDraws(settings, recipe.seed, this.parts.gradient);
    this.averaged = memory.holders(
      encoderSpecs(settings.encoder).flatMap(({ name, trainable }) =>
        trainable ? [state.gradient(name)] : [state.query(name), state.key(name)],
      ),
    );
  }

  /** Runs the batch at a position. @param batch - this process's part of it */
  async take(batch: Batch, from: Position, assignments: readonly Int32Array[]): Promise<readonly Stepped[]> {
    const { engine, plan, part, parts, world } = this;
    const { gradient, enqueue } = parts;
    const { dimension } = plan.settings.encoder;
    const shuffle = keyShuffle(plan.recipe.batchSize, plan.recipe.seed, batchNumber(plan, from));
    const keys = await this.keys(batch.views[1], from, shuffle);
    const fed = stepFeeds(part, from, gradient, batch, assignments, this.ownDraws(from));
    const own = matrix(everyNth(keys, dimension, world), dimension);
    const running = engine.run(gradient.name, { ...fed, [feeds.keys]: own }, [
      ...stepOutputs(gradient),
      results.queryEmbedding,
    ]);
    batch.release();
    const [out] = await Promise.all([
      running,
      engine.run(enqueue.name, { [feeds.keys]: matrix(keys, dimension), [feeds.slots]: slotFeed(plan, from) }, []),
    ]);
    const measured = this.measured(out);
    const updates = advanced(plan, from).step > from.step;
    return [{ from, out: updates ? { ...measured, ...(await this.update(from)) } : measured }];
  }

  async finish(): Promise<readonly Stepped[]> {
    return [];
  }

  /** The keys of the whole batch, in its order. @param images - key views of this process's images */
  private async keys(
    images: Uint8Array,
    from: Position,
    { order, places }: ReturnType<typeof keyShuffle>,
  ): Promise<Float32Array> {
    const { engine, part, world } = this;
    const { key } = this.parts;
    const received = exchangedRows(world, images, order);
    const made = await engine.run(
      key.name,
      { [feeds.keyImages]: imageFeed(part, received), ...rateFeeds(part, from, key) },
      [results.keyEmbedding],
    );
    const all = world.gather(made[results.keyEmbedding].data as Float32Array);
    const { dimension } = part.settings.encoder;
    const keys = new Float32Array(all.length);
    for (const [image, place] of places.entries()) {
      const row = (Number(place) % world.size) * part.settings.batchSize + Math.floor(Number(place) / world.size);
      keys.set(all.subarray(row * dimension, (row + 1) * dimension), image * dimension);
    }
    return keys;
  }

  /** The draws of this process's rows; those of columns are the same for all. */
  private ownDraws(from: Position): Arrays {
    const { world, plan } = this;
    const drawn = Object.entries(this.draws.of(batchNumber(plan, from)));
    const wanted = new Map(this.parts.gradient.inputs.map(({ name, shape }) => [name, shape as readonly number[]]));
    return Object.fromEntries(
      drawn.map(([name, array]) => {
        const shape = wanted.get(name) as readonly number[];
        if (shape[0] === array.shape[0]) return [name, array];
        return [name, { shape, data: everyNth(array.data as Int32Array, array.data.length / array.shape[0], world) }];
      }),
    );
  }

  /** Results of the whole batch. */
  private measured(out: Arrays): Arrays {
    const { world, parts } = this;
    const { [results.queryEmbedding]: embedded, ...numbers } = out;
    const center = centerOf(embedded);
    const names = stepOutputs(parts.gradient);
    const means = meanOf(world, [...names.map((name) => numbers[name].data as Float32Array), center]);
    return {
      ...Object.fromEntries(names.map((name, i) => [name, { shape: numbers[name].shape, data: means[i] }])),
      [results.meanEmbeddingNorm]: { shape: [], data: Float32Array.of(Math.hypot(...means[names.length])) },
    };
  }

  /** Updates by the mean of all processes' gradients. @returns that one's norm */
  private async update(from: Position): Promise<Arrays> {
    const { engine, world, averaged, plan } = this;
    const { apply } = this.parts;
    const held = await engine.read(averaged);
    const means = meanOf(
      world,
      averaged.map((name) => held[name].data as Float32Array),
    );
    const written = engine.write(
      Object.fromEntries(averaged.map((name, i) => [name, { shape: held[name].shape, data: means[i] }])),
    );
    const [, out] = await Promise.all([
      written,
      engine.run(apply.name, rateFeeds(plan, from, apply), [results.gradientNorm]),
    ]);
    return out;
  }
}

const matrix = (data: Float32Array, columns: number): DenseArray => ({ shape: [data.length / columns, columns], data });

/** The mean row of a matrix. */
function centerOf({ shape: [rows, columns], data }: DenseArray): Float32Array {
  const center = new Float32Array(columns);
  for (const [i, x] of (data as Float32Array).entries()) center[i % columns] += x / rows;
  return center;
}
