/**
 * k-means++ (Arthur and Vassilvitskii 2007): each start centroid is a point drawn with probability proportional to its squared
 * distance to the nearest one so far.
 *
 * Updating every point's distance after each draw would be N·K·D multiplications outside the matrix product. Instead distances
 * are refreshed for whole batches of new centroids, and in between draws are corrected by rejection: a point drawn with its
 * stale weight w is accepted with probability w'/w, w' ≤ w its distance now. The accepted points have exactly the distribution
 * of k-means++, and the refreshes together cost one assignment of all points, which Lloyd's first iteration then need not do.
 */
import type { Matrix } from "../array.js";
import type { Random } from "../random.js";
import { squaredDistance } from "./nearest.js";
import { gatherRows } from "./rows.js";
import type { Search } from "./search.js";

/** Start centroids, and each point's nearest of them. */
export interface Seeding {
  /** `[K', D]`, K' ≤ k: fewer than asked if the points have fewer distinct values. */
  readonly centroids: Matrix;
  readonly owner: Int32Array;
  /** Squared distance of each point to its owner. */
  readonly squared: Float64Array;
  /** At most the distance (not squared) of each point to any other centroid. */
  readonly lower: Float64Array;
}

/**
 * Draws `k` distinct points as start centroids.
 *
 * @param points - `[N, D]`, N ≥ 1
 * @param k - how many, ≥ 1; fewer come back if fewer points differ
 * @param next - the draws
 */
export async function seedCentroids(points: Matrix, k: number, next: Random, search: Search): Promise<Seeding> {
  const count = points.shape[0] ?? 0;
  const owner = new Int32Array(count);
  const squared = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const lower = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const chosen = [Math.floor(next() * count)];
  for (let known = 0; known < chosen.length; ) {
    await refresh(points, chosen, known, { owner, squared, lower }, search);
    known = chosen.length;
    drawBatch(points, chosen, k, squared, next);
  }
  return { centroids: gatherRows(points, chosen), owner, squared, lower };
}

/** Takes the centroids from `known` on into account. */
async function refresh(
  points: Matrix,
  chosen: readonly number[],
  known: number,
  { owner, squared, lower }: Omit<Seeding, "centroids">,
  search: Search,
): Promise<void> {
  const batch = gatherRows(points, chosen.slice(known));
  const found = await search(batch);
  for (let i = 0; i < owner.length; i++) {
    const there = squaredDistance(points, i, batch, found.owner[i]);
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
    owner[chosen[c]] = c;
    squared[chosen[c]] = 0;
  }
}

/**
 * Adds points to `chosen` until there are `k`, or the stale weights reject too often, or the batch is large: as large as all
 * centroids before it, and so large that checking draws against each other (b²/2 distances) costs more than a refresh (N).
 */
function drawBatch(points: Matrix, chosen: number[], k: number, squared: Float64Array, next: Random): void {
  const cumulative = new Float64Array(squared.length);
  let total = 0;
  for (let i = 0; i < squared.length; i++) {
    total += squared[i];
    cumulative[i] = total;
  }
  if (total === 0) return;
  const known = chosen.length;
  const batch = Math.max(known, Math.ceil(Math.sqrt(2 * squared.length)));
  const wanted = Math.min(k, known + batch);
  for (let rejected = 0; chosen.length < wanted && rejected <= 8 + chosen.length - known; ) {
    const i = firstAbove(cumulative, next() * total);
    let distance = squared[i];
    for (let c = known; c < chosen.length && distance > 0; c++) {
      distance = Math.min(distance, squaredDistance(points, i, points, chosen[c]));
    }
    if (next() * squared[i] < distance) chosen.push(i);
    else rejected++;
  }
}

/** The first index whose cumulative weight exceeds `bound` < the total: never one of weight 0. */
function firstAbove(cumulative: Float64Array, bound: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > bound) high = middle;
    else low = middle + 1;
  }
  return low;
}
