/** What happens to a cluster that lost all its points. */
import type { Matrix } from "../array.js";
import { squaredDistance } from "./nearest.js";
import { membership, sizesOf } from "./rows.js";

/** A point that moved between clusters. */
export interface Move {
  readonly point: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Re-seeds empty clusters by splitting the largest: in order of id, each empty cluster takes from the cluster with the most
 * points, among those whose points are not all equal (ties: lowest id), the point farthest from its centroid (ties: lowest
 * index). The next assignment then divides the two. Since the point now is its own centroid, the objective never rises.
 *
 * @param owner - changed in place
 * @param distance - of each point to its owner; set to 0 where a point moved
 * @returns the moves, one for each cluster refilled; fewer than there are empty ones if no cluster can be split
 */
export function refillEmpty(points: Matrix, owner: Int32Array, distance: Float64Array, clusters: number): Move[] {
  const sizes = sizesOf(owner, clusters);
  const moved: Move[] = [];
  if (!sizes.includes(0)) return moved;
  const { start, members } = membership(owner, clusters);
  const whole = new Set<number>();
  for (let empty = 0; empty < clusters; empty++) {
    if (sizes[empty] > 0) continue;
    for (;;) {
      const largest = largestOf(sizes, whole);
      if (largest < 0) return moved;
      const own = members.subarray(start[largest], start[largest + 1]).filter((i) => owner[i] === largest);
      const first = own[0];
      if (own.every((i) => squaredDistance(points, i, points, first) === 0)) {
        whole.add(largest);
        continue;
      }
      const farthest = own.reduce((far, i) => (distance[i] > distance[far] ? i : far), first);
      owner[farthest] = empty;
      distance[farthest] = 0;
      sizes[largest]--;
      sizes[empty]++;
      moved.push({ point: farthest, from: largest, to: empty });
      break;
    }
  }
  return moved;
}

/** The id with the highest count of at least 2, not among `whole`; -1 if there is none. */
function largestOf(sizes: Int32Array, whole: ReadonlySet<number>): number {
  let best = -1;
  for (let c = 0; c < sizes.length; c++) {
    if (sizes[c] > 1 && !whole.has(c) && (best < 0 || sizes[c] > sizes[best])) best = c;
  }
  return best;
}
