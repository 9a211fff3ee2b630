/** The injected search, its scores turned into bounds on distances. */
import type { Matrix } from "../array.js";
import { type NearestCentroid, squaredNorm } from "./nearest.js";
import type { Points } from "./points.js";

/** What is found for each point asked about. Processes ask about their own. */
export interface Found {
  readonly owner: Int32Array;
  /** At most its distance to every centroid but the owner; 0 where nothing is known. */
  readonly beyond: Float64Array;
}

/** The nearest of `centroids` to each of this process's points, or to those named by `rows`. */
export interface Search {
  (centroids: Matrix, rows?: Int32Array): Promise<Found>;
  /** Comparisons of a point and a centroid that take as long as a call by itself does. */
  readonly callCost: number;
}

/** Covers the rounding of a float32 product of rows of norm 1 with room to spare: 2⁻²⁴ times a few for each of the sums. */
const rounding = 1e-5;

/**
 * A search over `points`: from the second highest score s, the distance to all but the owner is at least √(|x|² − 2s), less what
 * rounding may hide. A mean of points is no longer than the longest point, so errors are measured by that one.
 */
export function searchOver({ own: points, world }: Points, nearest: NearestCentroid): Search {
  const squares = Float64Array.from({ length: points.shape[0] ?? 0 }, (_, i) => squaredNorm(points, i));
  const longest = Float64Array.of(squares.reduce((a, b) => Math.max(a, b), 0));
  world.reduce("max", longest);
  const slack = rounding * longest[0];
  const search = async (centroids: Matrix, rows?: Int32Array): Promise<Found> => {
    if (squares.length === 0) return { owner: new Int32Array(), beyond: new Float64Array() };
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
  return Object.assign(search, { callCost: (nearest.callCost ?? 0) / (points.shape[1] ?? 1) });
}
