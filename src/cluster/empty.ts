/** What happens to a cluster that lost all its points. */
import type { Matrix } from "../array.js";
import { squaredDistance } from "./nearest.js";
import { membership } from "./rows.js";

/** A point that moved between clusters. */
export interface Move {
  readonly point: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Re-seeds empty clusters by splitting the largest: in order of id, each empty cluster is to take from the cluster with the most
 * points, among those whose points are not all equal (ties: lowest id), the point farthest from its centroid (ties: lowest
 * index). The next assignment then divides the two. A point that is its own centroid costs nothing: the objective never rises.
 *
 * @param distance - of each point to its owner; set to 0 where a point is to move
 * @param sizes - points in each cluster
 * @returns the moves to make, one for each empty cluster; fewer if no cluster can be split. At most one takes a given point
 */
export function refillEmpty(
  points: Matrix,
  owner: Int32Array,
  distance: Float64Array,
  sizes: Int32Array,
): readonly Move[] {
  const moves: Move[] = [];
  if (!sizes.includes(0)) return moves;
  const left = sizes.slice();
  const taken = new Set<number>();
  const { start, members } = membership(owner, sizes.length);
  for (let to = 0; to < sizes.length; to++) {
    while (left[to] === 0) {
      const from = left.reduce((best, size, c) => (size > left[best] ? c : best), 0);
      if (left[from] < 2) return moves;
      const own = members.subarray(start[from], start[from + 1]).filter((i) => !taken.has(i));
      if (own.every((i) => squaredDistance(points, i, points, own[0]) === 0)) {
        left[from] = 1; // equal points: as good as one
        continue;
      }
      const point = own.reduce((far, i) => (distance[i] > distance[far] ? i : far));
      distance[point] = 0;
      taken.add(point);
      left[from]--;
      left[to]++;
      moves.push({ point, from, to });
    }
  }
  return moves;
}
