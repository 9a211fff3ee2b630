/**
 * Lloyd's iteration with exact pruning that keeps the work a matrix product.
 *
 * Per point we keep its distance to its own centroid and a lower bound on its distance to every other. After an update, centroid
 * c moved by drift_c, so a point whose bound exceeds its own distance by `margin` can only have come nearer to centroids with
 * drift_c > margin (triangle inequality; cf. Hamerly 2010, and Kaukoranta et al. 1999 for centroids that stay). Centroids are
 * sorted by drift, points fall into a few classes by how long a prefix of that order they must see, and each class is one
 * call of the product with that prefix. As clusters settle the prefixes shrink to nothing. Same assignments as without pruning.
 */
import type { Matrix } from "../array.js";
import { refillEmpty } from "./empty.js";
import { type NearestCentroid, squaredDistance } from "./nearest.js";
import { gatherRows, membership, writeMean } from "./rows.js";
import type { Seeding } from "./seeding.js";

/** A k-means under way: every point belongs to the nearest of `centroids`. Its arrays change from step to step. */
export interface Refinement {
  centroids: Matrix;
  readonly owner: Int32Array;
  /** Distance of each point to its owner. */
  readonly distance: Float64Array;
  /** At most the distance of each point to any other centroid. */
  readonly lower: Float64Array;
  /** Σ distance². */
  objective: number;
  /** Clusters that gained or lost a point since their centroid was computed: 1, else 0. */
  readonly stale: Uint8Array;
  /** Nothing changed in the last step: no further one can change anything. */
  settled: boolean;
  /** Points × centroids compared so far. */
  comparisons: number;
}

/** The refinement that begins at the given start. */
export function beginRefinement(seeding: Seeding): Refinement {
  const distance = Float64Array.from(seeding.squared, Math.sqrt);
  return {
    centroids: seeding.centroids,
    owner: seeding.owner,
    distance,
    lower: distance.slice(),
    objective: seeding.squared.reduce((sum, value) => sum + value, 0),
    stale: new Uint8Array(seeding.centroids.shape[0] ?? 0).fill(1),
    settled: false,
    comparisons: 0,
  };
}

/** One iteration: centroids become the means of their points, points go to their nearest centroid. */
export async function refineOnce(state: Refinement, points: Matrix, nearest: NearestCentroid): Promise<void> {
  const before = state.centroids;
  const clusters = before.shape[0] ?? 0;
  const refilled = refillEmpty(points, state.owner, state.distance, clusters);
  for (const { point, from, to } of refilled) {
    state.lower[point] = 0;
    state.stale[from] = 1;
    state.stale[to] = 1;
  }

  const { start, members } = membership(state.owner, clusters);
  const after: Matrix = { shape: before.shape, data: before.data.slice() };
  const drift = new Float64Array(clusters);
  for (let c = 0; c < clusters; c++) {
    if (!state.stale[c] || start[c] === start[c + 1]) continue;
    writeMean(after, c, points, members.subarray(start[c], start[c + 1]));
    drift[c] = Math.sqrt(squaredDistance(after, c, before, c));
  }
  state.stale.fill(0);
  state.centroids = after;

  const changed = await reassign(state, points, drift, nearest);
  let objective = 0;
  for (const d of state.distance) objective += d * d;
  state.objective = objective;
  state.settled = changed === 0 && refilled.length === 0;
}

/** The shares of the centroids, most moved first, that classes of points are compared with. */
const shares = [1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1];

/** Moves every point to its nearest centroid after the centroids moved by `drift`; returns how many changed. */
async function reassign(
  state: Refinement,
  points: Matrix,
  drift: Float64Array,
  nearest: NearestCentroid,
): Promise<number> {
  const { centroids, owner, distance, lower } = state;
  const clusters = drift.length;
  const order = Int32Array.from(drift.keys()).sort((a, b) => drift[b] - drift[a] || a - b);
  const sorted = Float64Array.from(order, (c) => drift[c]);
  const classes = shares.map((share) => ({ seen: Math.ceil(share * clusters), rows: [] as number[] }));

  for (let i = 0; i < owner.length; i++) {
    if (drift[owner[i]] > 0) distance[i] = Math.sqrt(squaredDistance(points, i, centroids, owner[i]));
    const seen = countAbove(sorted, lower[i] - distance[i]);
    if (seen === 0) lower[i] -= sorted[0];
    else classes.find((one) => one.seen >= seen)?.rows.push(i);
  }

  let changed = 0;
  for (const { seen, rows } of classes) {
    if (rows.length === 0) continue;
    const prefix = seen === clusters ? undefined : order.subarray(0, seen);
    const asked = rows.length === owner.length ? undefined : Int32Array.from(rows);
    const closest = await nearest(points, prefix ? gatherRows(centroids, prefix) : centroids, asked);
    state.comparisons += rows.length * seen;
    const unseenDrift = prefix ? sorted[seen] : Number.NEGATIVE_INFINITY;
    rows.forEach((i, at) => {
      const candidate = prefix ? prefix[closest[at]] : closest[at];
      const unseen = prefix ? lower[i] - unseenDrift : Number.POSITIVE_INFINITY;
      if (candidate === owner[i]) {
        lower[i] = Math.min(unseen, distance[i]);
        return;
      }
      // No seen centroid is nearer than the candidate, and nor is a previous owner that is left for it.
      const there = Math.sqrt(squaredDistance(points, i, centroids, candidate));
      lower[i] = Math.min(unseen, there);
      if (there < distance[i]) {
        state.stale[owner[i]] = 1;
        state.stale[candidate] = 1;
        owner[i] = candidate;
        distance[i] = there;
        changed++;
      }
    });
  }
  return changed;
}

/** How many of the falling numbers `sorted` exceed `bound`; all of them if it is negative. */
function countAbove(sorted: Float64Array, bound: number): number {
  if (bound < 0) return sorted.length;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] > bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
