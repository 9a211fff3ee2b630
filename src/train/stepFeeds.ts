/** What a step is fed beside the state that stays with the engine: images, draws, cluster ids, rates. */
import type { DenseArray } from "../array.js";
import type { Batch } from "../data/index.js";
import { feeds, type Program } from "../programs/index.js";
import type { Position } from "./checkpoint.js";
import { keyShuffle } from "./draws.js";
import { batchNumber, learningRate, type Plan } from "./plan.js";

const scalar = (x: number): DenseArray => ({ shape: [], data: Float32Array.of(x) });

/** The rates that a program takes. */
export function rateFeeds(plan: Plan, position: Position, program: Program): Record<string, DenseArray> {
  const { accumulation, method, optimizer } = plan.recipe;
  return inputsAmong(program, {
    [feeds.learningRate]: scalar(learningRate(plan, position)),
    [feeds.momentum]: scalar(optimizer.momentum),
    // Batches of one update share one momentum update of the key encoder.
    [feeds.keyMomentum]: scalar(position.batch % accumulation === 0 ? method.keyMomentum : 1),
    [feeds.step]: scalar(position.step + 1),
  });
}

/** Images of a batch, or of a part of one. */
export const imageFeed = ({ settings: s }: Plan, data: Uint8Array, size = s.encoder.imageSize): DenseArray => ({
  shape: [s.batchSize, s.encoder.channels, size, size],
  data,
});

/** The places of a batch's keys in the queue. */
export const slotFeed = ({ recipe: { batchSize, method } }: Plan, { enqueued }: Position): DenseArray => ({
  shape: [batchSize, 1],
  data: BigInt64Array.from({ length: batchSize }, (_, i) => BigInt((enqueued + i) % method.queue)),
});

/**
 * Everything a program takes for one batch.
 *
 * @param batch - images with their query view, key view and local views
 * @param assignments - each image's cluster at every level; empty before the first clustering
 * @param draws - the draws of selection for this batch
 */
export function stepFeeds(
  plan: Plan,
  position: Position,
  program: Program,
  { indices, views }: Batch,
  assignments: readonly Int32Array[],
  draws: Readonly<Record<string, DenseArray>>,
): Record<string, DenseArray> {
  const { settings: s, recipe } = plan;
  const longs = (data: BigInt64Array): DenseArray => ({ shape: [data.length], data });
  const isShuffled = program.inputs.some(({ name }) => name === feeds.unshuffle);
  const shuffle = isShuffled ? keyShuffle(s.batchSize, recipe.seed, batchNumber(plan, position)) : null;
  const given: Record<string, DenseArray> = {
    [feeds.queryImages]: imageFeed(plan, views[0]),
    [feeds.keyImages]: imageFeed(plan, shuffle ? reordered(views[1], shuffle.order) : views[1]),
    [feeds.slots]: slotFeed(plan, position),
    ...draws,
  };
  if (shuffle) given[feeds.unshuffle] = longs(shuffle.places);
  for (const [v, size] of s.localSizes.entries()) given[feeds.localImages(v)] = imageFeed(plan, views[2 + v], size);
  for (const [l, owner] of assignments.entries()) {
    given[feeds.assignment(l)] = longs(BigInt64Array.from(indices, (i) => BigInt(owner[i])));
    given[feeds.maxAssignment(l)] = scalar(highestOf(owner));
  }
  return { ...inputsAmong(program, given), ...rateFeeds(plan, position, program) };
}

/**
 * Which clusters have an image of a batch, at every level.
 *
 * @param images - of the whole batch
 */
export const takenFeeds = (
  { settings: { clusters } }: Plan,
  images: Int32Array,
  assignments: readonly Int32Array[],
): Record<string, DenseArray> =>
  Object.fromEntries(
    assignments.map((owner, l) => {
      const taken = new Float32Array(clusters[l]);
      for (const i of images) taken[owner[i]] = 1;
      return [feeds.taken(l), { shape: [1, clusters[l]], data: taken }];
    }),
  );

/** Once for each clustering: a pass over all images is too much for every step. */
const highest = new WeakMap<Int32Array, number>();
function highestOf(owner: Int32Array): number {
  const found = highest.get(owner) ?? owner.reduce((a, b) => Math.max(a, b), 0);
  highest.set(owner, found);
  return found;
}

const inputsAmong = (program: Program, given: Readonly<Record<string, DenseArray>>): Record<string, DenseArray> =>
  Object.fromEntries(program.inputs.flatMap(({ name }) => (name in given ? [[name, given[name]]] : [])));

/** Images of a batch in another order. */
function reordered(images: Uint8Array, order: Int32Array): Uint8Array {
  const size = images.length / order.length;
  const out = new Uint8Array(images.length);
  for (const [place, image] of order.entries())
    out.set(images.subarray(image * size, (image + 1) * size), place * size);
  return out;
}
