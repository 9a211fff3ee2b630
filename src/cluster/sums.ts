/**
 * Sums of the points of each cluster in float64, kept up to date as points move: an update costs the points that moved, not all.
 * What adding and taking away leaves behind is of the order of 1e-16 of the sum, far below the float32 of a centroid.
 */
import type { Matrix } from "../array.js";

export interface ClusterSums {
  /** `[K, D]` */
  readonly vectors: Float64Array;
  /** `[K]`: points in each. */
  readonly sizes: Int32Array;
}

/** Adds point `i` to cluster `c`. */
export function addPoint({ vectors, sizes }: ClusterSums, c: number, points: Matrix, i: number): void {
  const width = vectors.length / sizes.length;
  const x = points.data;
  for (let p = i * width, q = c * width, end = p + width; p < end; p++, q++) vectors[q] += x[p];
  sizes[c]++;
}

/** Moves point `i` between clusters. */
export function movePoint(sums: ClusterSums, points: Matrix, i: number, from: number, to: number): void {
  const { vectors, sizes } = sums;
  const width = vectors.length / sizes.length;
  const x = points.data;
  for (let p = i * width, q = from * width, end = p + width; p < end; p++, q++) vectors[q] -= x[p];
  sizes[from]--;
  addPoint(sums, to, points, i);
}

/** Writes the mean of cluster `c`, which has points, into its row of `centroids`. */
export function writeMean(centroids: Matrix, c: number, { vectors, sizes }: ClusterSums): void {
  const width = vectors.length / sizes.length;
  for (let q = c * width; q < (c + 1) * width; q++) centroids.data[q] = vectors[q] / sizes[c];
}
