/**
 * Lloyd's iteration with exact pruning that keeps the work a matrix product.
 *
 * Per point we keep its distance to its own centroid and a lower bound on its distance to every other. After an update, centroid
 * c moved by drift_c, so a point whose bound exceeds its own distance by `margin` can only have come nearer to centroids with
 * drift_c > margin (triangle inequality; cf. Hamerly 2010, and Kaukoranta et al. 1999 for centroids that stay). Centroids are
 * sorted by drift, points fall into a few classes by how long a prefix of that order they must see, and each class is one
 * call of the product with that prefix. As clusters settle the prefixes shrink to nothing. Same assignments as without pruning.
 *
 * Of several processes each has what belongs to its own points; centroids, sizes and objective are those of all, and the sums of
 * clusters that changed are added up once an iteration.
 */
import type { Matrix } from "../array.js";
import { sumOf, type World } from "../world/index.js";
import { refillEmpty } from "./empty.js";
import { squaredDistance } from "./nearest.js";
import { ownRow, type Points } from "./points.js";
import { gatherRows } from "./rows.js";
import type { Search } from "./search.js";
import type { Seeding } from "./seeding.js";
import { addPoint, type ClusterSums, movePoint, writeMean } from "./sums.js";

/** A k-means under way: every point belongs to the nearest of `centroids`. Its arrays change from step to step. */
export interface Refinement {
  centroids: Matrix;
  /** Of each of this process's points. */
  readonly owner: Int32Array;
  /** Distance of each point to its owner. */
  readonly distance: Float64Array;
  /** At most the distance of each point to any other centroid. */
  readonly lower: Float64Array;
  /** Of this process's points. */
  readonly own: ClusterSums;
  /** Of all points; of one process alone the same. */
  readonly sums: ClusterSums;
  /** Clusters that gained or lost a point since their centroid was computed: 1, else 0. */
  readonly stale: Int32Array;
  /** Σ distance². */
  objective: number;
  /** Nothing changed in the last step: no further one can change anything. */
  settled: boolean;
  /** This process's points × centroids compared so far, the start's included. */
  comparisons: number;
}

/** The refinement that begins at the given start. */
export function beginRefinement(
  { centroids, owner, squared, lower }: Seeding,
  { own: points, world }: Points,
): Refinement {
  const [clusters = 0, width = 0] = centroids.shape;
  const distance = squared.map(Math.sqrt);
  const none = (): ClusterSums => ({ vectors: new Float64Array(clusters * width), sizes: new Int32Array(clusters) });
  const own = none();
  for (let i = 0; i < owner.length; i++) addPoint(own, owner[i], points, i);
  const state: Refinement = {
    centroids,
    owner,
    distance,
    lower,
    own,
    sums: world.size === 1 ? own : none(),
    stale: new Int32Array(clusters).fill(1),
    objective: sumOf(
      world,
      squared.reduce((sum, value) => sum + value, 0),
    ),
    settled: false,
    comparisons: owner.length * clusters,
  };
  addUp(state, world);
  return state;
}

/** Brings the sums of all points up to date, where clusters have changed. */
function addUp({ own, sums, stale }: Refinement, world: World): void {
  if (world.size === 1) return;
  world.reduce("max", stale);
  const changed = Int32Array.from(stale.keys()).filter((c) => stale[c] === 1);
  const width = own.vectors.length / stale.length;
  const vectors = new Float64Array(changed.length * width);
  for (const [at, c] of changed.entries()) vectors.set(own.vectors.subarray(c * width, (c + 1) * width), at * width);
  world.reduce("sum", vectors);
  for (const [at, c] of changed.entries()) sums.vectors.set(vectors.subarray(at * width, (at + 1) * width), c * width);
  sums.sizes.set(own.sizes);
  world.reduce("sum", sums.sizes);
}

/** One iteration: centroids become the means of their points, points go to their nearest centroid. */
export async function refineOnce(state: Refinement, points: Points, search: Search): Promise<void> {
  const { world } = points;
  const { owner, distance, lower, stale, sums } = state;
  const refilled = refillEmpty(points, owner, distance, sums.sizes);
  for (const { point, from, to } of refilled) {
    const row = ownRow(points, point);
    if (row === null) continue;
    transfer(state, points.own, row, from, to);
    lower[row] = 0;
  }
  if (refilled.length > 0) addUp(state, world);

  const before = state.centroids;
  const after: Matrix = { shape: before.shape, data: before.data.slice() };
  const drift = new Float64Array(stale.length);
  for (let c = 0; c < stale.length; c++) {
    if (!stale[c] || sums.sizes[c] === 0) continue;
    writeMean(after, c, sums);
    drift[c] = Math.sqrt(squaredDistance(after, c, before, c));
  }
  stale.fill(0);
  state.centroids = after;

  const changed = sumOf(world, await reassign(state, points.own, drift, search));
  let objective = 0;
  for (let i = 0; i < distance.length; i++) objective += distance[i] * distance[i];
  state.objective = sumOf(world, objective);
  state.settled = changed === 0 && refilled.length === 0;
  if (changed > 0) addUp(state, world);
}

/** The shares of the centroids, most moved first, that classes of points are compared with. */
const shares = [1 / 64, 1 / 16, 1 / 4, 1 / 2, 1];

/** Moves each of this process's points to its nearest centroid after the centroids moved by `drift`; returns how many changed. */
async function reassign(state: Refinement, points: Matrix, drift: Float64Array, search: Search): Promise<number> {
  const { centroids, owner, distance, lower } = state;
  const order = Int32Array.from(drift.keys()).sort((a, b) => drift[b] - drift[a] || a - b);
  const sorted = Float64Array.from(order, (c) => drift[c]);
  const prefixes = shares.map((share) => Math.ceil(share * drift.length));
  const classOf = new Int8Array(owner.length).fill(-1);
  const counts = new Int32Array(prefixes.length);
  for (let i = 0; i < owner.length; i++) {
    if (drift[owner[i]] > 0) distance[i] = Math.sqrt(squaredDistance(points, i, centroids, owner[i]));
    const margin = lower[i] - distance[i];
    if (margin >= sorted[0]) {
      lower[i] -= sorted[0];
    } else {
      let one = margin < 0 ? prefixes.length - 1 : 0;
      while (sorted[prefixes[one]] > margin) one++;
      classOf[i] = one;
      counts[one]++;
    }
  }
  join(classOf, counts, prefixes, search.callCost);

  let changed = 0;
  for (const [one, seen] of prefixes.entries()) {
    if (counts[one] === 0) continue;
    const isAll = seen === drift.length;
    const rows = counts[one] === owner.length ? undefined : rowsOf(classOf, one, counts[one]);
    const found = await search(isAll ? centroids : gatherRows(centroids, order.subarray(0, seen)), rows);
    state.comparisons += counts[one] * seen;
    for (let at = 0; at < found.owner.length; at++) {
      const i = rows ? rows[at] : at;
      const candidate = isAll ? found.owner[at] : order[found.owner[at]];
      const unseen = isAll ? Number.POSITIVE_INFINITY : lower[i] - sorted[seen];
      if (candidate === owner[i]) {
        lower[i] = Math.min(unseen, Math.max(found.beyond[at], distance[i]));
        continue;
      }
      const there = Math.sqrt(squaredDistance(points, i, centroids, candidate));
      if (there < distance[i]) {
        lower[i] = Math.min(unseen, Math.max(found.beyond[at], there), distance[i]);
        transfer(state, points, i, owner[i], candidate);
        distance[i] = there;
        changed++;
      } else {
        lower[i] = Math.min(unseen, there);
      }
    }
  }
  return changed;
}

/** Puts classes into the next larger one that has points, where a call of their own saves fewer comparisons than it costs. */
function join(classOf: Int8Array, counts: Int32Array, prefixes: readonly number[], callCost: number): void {
  const into = Int8Array.from(counts.keys());
  for (let one = 0; one < counts.length; one++) {
    const next = counts.findIndex((count, other) => other > one && count > 0);
    if (next < 0 || counts[one] === 0 || counts[one] * (prefixes[next] - prefixes[one]) >= callCost) continue;
    counts[next] += counts[one];
    counts[one] = 0;
    into.forEach((now, from) => {
      if (now === one) into[from] = next;
    });
  }
  for (let i = 0; i < classOf.length; i++) if (classOf[i] >= 0) classOf[i] = into[classOf[i]];
}

/** The points of one class, ascending. */
function rowsOf(classOf: Int8Array, one: number, count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let i = 0, at = 0; at < count; i++) if (classOf[i] === one) rows[at++] = i;
  return rows;
}

function transfer(state: Refinement, points: Matrix, point: number, from: number, to: number): void {
  movePoint(state.own, points, point, from, to);
  state.owner[point] = to;
  state.stale[from] = 1;
  state.stale[to] = 1;
}
