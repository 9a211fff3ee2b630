/** The injected search, its scores turned into bounds on distances. */
import type { Matrix } from "../array.js";
import { type NearestCentroid, squaredNorm } from "./nearest.js";

/** What is found for each point asked about. */
export interface Found {
  readonly owner: Int32Array;
  /** At most its distance to every centroid but the owner; 0 where nothing is known. */
  readonly beyond: Float64Array;
}

/** The nearest of `centroids` to each point, or to those named by `rows`. */
export type Search = (centroids: Matrix, rows?: Int32Array) => Promise<Found>;

/** Covers the rounding of a float32 product of rows of norm 1 with room to spare: 2⁻²⁴ times a few for each of the sums. */
const rounding = 1e-5;

/**
 * A search over `points`: from the second highest score s, the distance to all but the owner is at least √(|x|² − 2s), less what
 * rounding may hide. A mean of points is no longer than the longest point, so errors are measured by that one.
 */
export function searchOver(points: Matrix, nearest: NearestCentroid): Search {
  const squares = Float64Array.from({ length: points.shape[0] ?? 0 }, (_, i) => squaredNorm(points, i));
  const slack = rounding * squares.reduce((a, b) => Math.max(a, b), 0);
  return async (centroids, rows) => {
    const { owner, second } = await nearest(points, centroids, rows);
    const beyond = new Float64Array(owner.length);
    if (centroids.shape[0] === 1) beyond.fill(Number.POSITIVE_INFINITY);
    else if (second) {
      for (let at = 0; at < owner.length; at++) {
        const squared = squares[rows ? rows[at] : at] - 2 * second[at] - slack;
        beyond[at] = squared > 0 ? Math.sqrt(squared) : 0;
      }
    }
    return { owner, beyond };
  };
}
