/** What a step needs drawn: the order of an epoch, the shuffle of the key batch, and selection's uniform numbers. */
import type { DenseArray } from "../array.js";
import { feeds, type StepSettings } from "../artifacts/index.js";
import { fillUniform, permutation, random } from "../random.js";

/** What a stream of draws is for: the first key after the seed. */
const purpose = { order: 1, shuffle: 2, instance: 3, prototype: 4, queue: 5 } as const;

/** The images of each batch of an epoch, in random order. The last images that do not fill a batch are left out. */
export function epochBatches(count: number, batchSize: number, seed: number, epoch: number): readonly Int32Array[] {
  const order = permutation(count, random(seed, purpose.order, epoch));
  return Array.from({ length: Math.floor(count / batchSize) }, (_, b) =>
    order.subarray(b * batchSize, (b + 1) * batchSize),
  );
}

/** A random order of the key batch, and for each image its place in it. */
export function keyShuffle(
  batchSize: number,
  seed: number,
  step: number,
): { readonly order: Int32Array; readonly places: BigInt64Array } {
  const order = permutation(batchSize, random(seed, purpose.shuffle, step));
  const places = new BigInt64Array(batchSize);
  for (const [place, image] of order.entries()) places[image] = BigInt(place);
  return { order, places };
}

/** Uniform draws of a step for those inputs of `wanted` that hold them. */
export function selectionDraws(
  s: StepSettings,
  seed: number,
  step: number,
  wanted: ReadonlySet<string>,
): Record<string, DenseArray> {
  const drawn: Record<string, DenseArray> = {};
  if (wanted.has(feeds.instanceDraws)) {
    drawn[feeds.instanceDraws] = uniform([s.batchSize, s.clusters.length, s.queue], seed, purpose.instance, step);
  }
  for (let view = 0; view <= s.localSizes.length; view++) {
    for (const [l, m] of s.clusters.entries()) {
      const name = feeds.prototypeDraws(view, l);
      if (wanted.has(name)) drawn[name] = uniform([s.batchSize, m], seed, purpose.prototype, step, view, l);
    }
  }
  return drawn;
}

/** The queue before any key: random unit rows [Q, D]. */
export function initialQueue(length: number, dimension: number, seed: number): DenseArray {
  const draw = random(seed, purpose.queue);
  const data = new Float32Array(length * dimension);
  for (let row = 0; row < length; row++) {
    let norm = 0;
    for (let i = row * dimension; i < (row + 1) * dimension; i++) {
      data[i] = Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
      norm += data[i] * data[i];
    }
    for (let i = row * dimension; i < (row + 1) * dimension; i++) data[i] /= Math.sqrt(norm);
  }
  return { shape: [length, dimension], data };
}

function uniform(shape: readonly number[], seed: number, ...keys: readonly number[]): DenseArray {
  const data = new Float32Array(shape.reduce((p, d) => p * d, 1));
  fillUniform(data, seed, ...keys);
  return { shape, data };
}
