/**
 * A step that several processes share. Process r of N has images r, r + N, … of a batch, and encodes places r, r + N, … of the shuffled
 * key batch: so the parts that BatchNorm sees apart are those of one process alone. The images of its keys come from the processes
 * that have read them, all keys go to all, and the gradients of an update and the running statistics become the mean of all: the
 * numbers are those of one process, up to how sums are rounded.
 *
 * All of it goes step by step, for processes must call one another in the same order.
 */
import type { DenseArray } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { Engine } from "../engine/index.js";
import {
  encoderSpecs,
  feeds,
  type Phase,
  type Program,
  type RankPrograms,
  rankPrograms,
  results,
  type StateMemory,
  type StepSettings,
  state,
} from "../programs/index.js";
import type { World } from "../world/index.js";
import type { keyShuffle } from "./draws.js";
import { stepOutputs } from "./metrics.js";
import { average, everyNth, exchangedRows } from "./ranks.js";

type Arrays = Readonly<Record<string, DenseArray>>;

/** What a process gives of a batch. */
export interface SharedBatch {
  /** What the program `gradient` takes of its images, but for their keys. */
  readonly fed: Arrays;
  /** The key views of its images. */
  readonly keyImages: DenseArray;
  /** Of the whole batch. */
  readonly shuffle: ReturnType<typeof keyShuffle>;
  /** The rates that the program `key` takes. */
  readonly keyRates: Arrays;
  /** Places of the whole batch's keys in the queue. */
  readonly slots: DenseArray;
}

export class SharedStep {
  readonly parts: RankPrograms;
  /** To be loaded first. */
  readonly programs: readonly Program[];
  /** Held tensors that become the mean of all with each update. */
  private readonly averaged: readonly string[];

  constructor(
    private readonly engine: Engine,
    private readonly settings: StepSettings,
    phase: Phase,
    target: CompileTarget,
    memory: StateMemory,
    private readonly world: World,
  ) {
    this.parts = rankPrograms(settings, world.size, phase, target);
    this.programs = Object.values(this.parts);
    this.averaged = memory.holders(
      encoderSpecs(settings.encoder).flatMap(({ name, trainable }) =>
        trainable ? [state.gradient(name)] : [state.query(name), state.key(name)],
      ),
    );
  }

  /** Adds a batch's gradients to the state's, and its keys to the queue. @returns `stepOutputs` of the whole batch */
  async batch({ fed, keyImages, shuffle, keyRates, slots }: SharedBatch): Promise<Arrays> {
    const { engine, world, parts, settings } = this;
    const { gradient, enqueue } = parts;
    const { dimension } = settings.encoder;
    const keys = await this.keys(keyImages, shuffle, keyRates);
    const own = matrix(everyNth(keys, dimension, world), dimension);
    const wanted = [...stepOutputs(gradient), results.queryEmbedding];
    const [out] = await Promise.all([
      engine.run(gradient.name, { ...fed, [feeds.keys]: own }, wanted),
      engine.run(enqueue.name, { [feeds.keys]: matrix(keys, dimension), [feeds.slots]: slots }, []),
    ]);
    return this.measured(out);
  }

  /** Updates by the mean of all processes' gradients. @param rates - what the program `apply` takes. @returns their norm */
  async update(rates: Arrays): Promise<Arrays> {
    const { engine, world, averaged } = this;
    const held = await engine.read(averaged); // copies
    average(
      world,
      averaged.map((name) => held[name].data as Float32Array),
    );
    const written = engine.write(held);
    const [, out] = await Promise.all([written, engine.run(this.parts.apply.name, rates, [results.gradientNorm])]);
    return out;
  }

  /** The keys of the whole batch, in its order. */
  private async keys(
    images: DenseArray,
    { order, places }: SharedBatch["shuffle"],
    rates: Arrays,
  ): Promise<Float32Array> {
    const { engine, world, parts, settings } = this;
    const [rows] = images.shape;
    const received = { shape: images.shape, data: exchangedRows(world, images.data, order) };
    const made = await engine.run(parts.key.name, { [feeds.keyImages]: received, ...rates }, [results.keyEmbedding]);
    const all = world.gather(made[results.keyEmbedding].data as Float32Array);
    const { dimension } = settings.encoder;
    const keys = new Float32Array(all.length);
    for (const [image, place] of places.entries()) {
      const row = (Number(place) % world.size) * rows + Math.floor(Number(place) / world.size);
      keys.set(all.subarray(row * dimension, (row + 1) * dimension), image * dimension);
    }
    return keys;
  }

  /** Results of the whole batch. */
  private measured(out: Arrays): Arrays {
    const { world } = this;
    const { [results.queryEmbedding]: embedded, ...numbers } = out;
    const center = centerOf(embedded);
    average(world, [...Object.values(numbers).map(({ data }) => data as Float32Array), center]);
    return { ...numbers, [results.meanEmbeddingNorm]: { shape: [], data: Float32Array.of(Math.hypot(...center)) } };
  }
}

const matrix = (data: Float32Array, columns: number): DenseArray => ({ shape: [data.length / columns, columns], data });

/** The mean row of a matrix. */
function centerOf({ shape: [rows, columns], data }: DenseArray): Float32Array {
  const center = new Float32Array(columns);
  for (const [i, x] of (data as Float32Array).entries()) center[i % columns] += x / rows;
  return center;
}
