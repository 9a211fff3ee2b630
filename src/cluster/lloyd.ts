/** Plain k-means from given centroids (Lloyd 1982), without pruning, restarts or re-seeding: the definition itself. */
import type { Matrix } from "../array.js";
import { type NearestCentroid, squaredDistance } from "./nearest.js";
import { addPoint, writeMean } from "./sums.js";

/** What `lloyd` found. */
export interface LloydResult {
  /** `[K, D]`, not normalised. */
  readonly centroids: Matrix;
  /** The nearest of `centroids` to each point. */
  readonly assignment: Int32Array;
  /** Σ over points of the squared distance to it. */
  readonly objective: number;
  /** The objective at each iteration's assignment, before its update. */
  readonly objectives: Float64Array;
}

/**
 * `iterations` times: each point to its nearest centroid, each centroid to the mean of its points (float64 sums; one without
 * points stays). Then a last assignment.
 *
 * @param points - `[N, D]`
 * @param initial - `[K, D]`
 */
export async function lloyd(
  points: Matrix,
  initial: Matrix,
  { iterations, nearest }: { readonly iterations: number; readonly nearest: NearestCentroid },
): Promise<LloydResult> {
  const clusters = initial.shape[0] ?? 0;
  let centroids = initial;
  let { owner: assignment } = await nearest(points, centroids);
  const objectives = new Float64Array(iterations);
  for (let t = 0; t < iterations; t++) {
    objectives[t] = objectiveOf(points, centroids, assignment);
    const sums = { vectors: new Float64Array(initial.data.length), sizes: new Int32Array(clusters) };
    for (let i = 0; i < assignment.length; i++) addPoint(sums, assignment[i], points, i);
    const means: Matrix = { shape: centroids.shape, data: centroids.data.slice() };
    for (let c = 0; c < clusters; c++) if (sums.sizes[c] > 0) writeMean(means, c, sums);
    centroids = means;
    ({ owner: assignment } = await nearest(points, centroids));
  }
  return { centroids, assignment, objective: objectiveOf(points, centroids, assignment), objectives };
}

/** Σ_i |x_i − c_{a(i)}|². */
export function objectiveOf(points: Matrix, centroids: Matrix, assignment: Int32Array): number {
  let sum = 0;
  for (let i = 0; i < assignment.length; i++) sum += squaredDistance(points, i, centroids, assignment[i]);
  return sum;
}
