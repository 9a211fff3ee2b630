/**
 * k-means++ (Arthur and Vassilvitskii 2007): each start centroid is a point drawn with probability proportional to its squared
 * distance to the nearest one so far.
 *
 * Updating every point's distance after each draw would be N·K·D multiplications outside the matrix product. Instead distances
 * are refreshed for whole batches of new centroids, and in between draws are corrected by rejection: a point drawn with its
 * stale weight w is accepted with probability w'/w, w' ≤ w its distance now. The accepted points have exactly the distribution
 * of k-means++, and the refreshes together cost one assignment of all points, which Lloyd's first iteration then need not do.
 *
 * Where several processes hold the points, each draws the same numbers, and finds those that fall among its own points.
 */
import type { Matrix } from "../array.js";
import type { Random } from "../random.js";
import { squaredDistance } from "./nearest.js";
import { ownRow, type Points, rowsAt } from "./points.js";
import type { Search } from "./search.js";

/** Start centroids, and the nearest of them to each of this process's points. */
export interface Seeding {
  /** `[K', D]`, K' ≤ k: fewer than asked if the points have fewer distinct values. */
  readonly centroids: Matrix;
  readonly owner: Int32Array;
  /** Squared distance of each point to its owner. */
  readonly squared: Float64Array;
  /** At most the distance (not squared) of each point to any other centroid. */
  readonly lower: Float64Array;
}

/** Two draws: which point, and whether it is taken. */
type Draw = readonly [place: number, chance: number];

/**
 * Draws `k` distinct points as start centroids.
 *
 * @param points - one at least
 * @param k - how many, ≥ 1; fewer come back if fewer points differ
 * @param next - the draws
 */
export async function seedCentroids(points: Points, k: number, next: Random, search: Search): Promise<Seeding> {
  const own = points.own.shape[0] ?? 0;
  const owner = new Int32Array(own);
  const squared = new Float64Array(own).fill(Number.POSITIVE_INFINITY);
  const lower = new Float64Array(own).fill(Number.POSITIVE_INFINITY);
  const chosen = [Math.floor(next() * points.count)];
  const drawn: Draw[] = []; // and not yet used
  for (let known = 0; known < chosen.length; ) {
    await refresh(points, chosen, known, { owner, squared, lower }, search);
    known = chosen.length;
    drawBatch(points, chosen, k, squared, next, drawn);
  }
  return { centroids: rowsAt(points, chosen), owner, squared, lower };
}

/** Takes the centroids from `known` on into account. */
async function refresh(
  points: Points,
  chosen: readonly number[],
  known: number,
  { owner, squared, lower }: Omit<Seeding, "centroids">,
  search: Search,
): Promise<void> {
  const batch = rowsAt(points, chosen.slice(known));
  const found = await search(batch);
  for (let i = 0; i < owner.length; i++) {
    const there = squaredDistance(points.own, i, batch, found.owner[i]);
    const distance = Math.sqrt(there);
    if (there < squared[i]) {
      lower[i] = Math.min(Math.sqrt(squared[i]), Math.max(distance, found.beyond[i]));
      squared[i] = there;
      owner[i] = known + found.owner[i];
    } else {
      lower[i] = Math.min(lower[i], distance);
    }
  }
  // A chosen point is its own centroid even where rounding of the product named another.
  for (let c = known; c < chosen.length; c++) {
    const row = ownRow(points, chosen[c]);
    if (row === null) continue;
    owner[row] = c;
    squared[row] = 0;
  }
}

/**
 * Adds points to `chosen` until there are `k`, or the stale weights reject too often, or the batch is large: as large as all
 * centroids before it, and so large that checking draws against each other (b²/2 distances) costs more than a refresh (N).
 *
 * @param drawn - draws that are still to be used
 */
function drawBatch(
  points: Points,
  chosen: number[],
  k: number,
  squared: Float64Array,
  next: Random,
  drawn: Draw[],
): void {
  const weights = new Weights(points, squared);
  if (weights.total === 0) return;
  const known = chosen.length;
  const batch = Math.max(known, Math.ceil(Math.sqrt(2 * points.count)));
  const wanted = Math.min(k, known + batch);
  const taken: { readonly rows: Matrix; readonly at: number }[] = [];
  let rejected = 0;
  const goesOn = () => chosen.length < wanted && rejected <= 8 + chosen.length - known;
  while (goesOn()) {
    const count = wanted - chosen.length;
    while (drawn.length < count) drawn.push([next(), next()]);
    const candidates = weights.at(drawn.slice(0, count).map(([place]) => place * weights.total));
    for (let at = 0; at < count && goesOn(); at++) {
      const [, chance] = drawn.shift() as Draw;
      let distance = candidates.weight[at];
      for (let t = 0; t < taken.length && distance > 0; t++)
        distance = Math.min(distance, squaredDistance(candidates.rows, at, taken[t].rows, taken[t].at));
      if (chance * candidates.weight[at] < distance) {
        chosen.push(candidates.ids[at]);
        taken.push({ rows: candidates.rows, at });
      } else rejected++;
    }
  }
}

/** The weights of all points on a line, one after another. */
class Weights {
  readonly total: number;
  /** The ends of this process's, from their start on. */
  private readonly cumulative: Float64Array;
  /** Where those of each process end. */
  private readonly ends: readonly number[];

  constructor(
    private readonly points: Points,
    private readonly own: Float64Array,
  ) {
    this.cumulative = new Float64Array(own.length);
    let sum = 0;
    for (let i = 0; i < own.length; i++) {
      sum += own[i];
      this.cumulative[i] = sum;
    }
    let end = 0;
    this.ends = Array.from(points.world.gather(Float64Array.of(sum)), (part) => (end += part));
    this.total = end;
  }

  /** The points whose weights places on the line fall into: numbers, weights and rows, in all processes. */
  at(places: readonly number[]) {
    const { points, own, ends } = this;
    const { rank } = points.world;
    const told = new Float64Array(2 * places.length);
    for (const [at, place] of places.entries()) {
      if (ends.findIndex((end) => end > place) !== rank) continue;
      const row = this.firstAbove(place, rank === 0 ? 0 : ends[rank - 1]);
      told[2 * at] = points.from + row;
      told[2 * at + 1] = own[row];
    }
    points.world.reduce("sum", told);
    const ids = places.map((_, at) => told[2 * at]);
    return { ids, weight: places.map((_, at) => told[2 * at + 1]), rows: rowsAt(points, ids) };
  }

  /** The first of this process's points that ends above a place below their end: never one of weight 0. */
  private firstAbove(place: number, start: number): number {
    let low = 0;
    let high = this.cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (start + this.cumulative[middle] > place) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
