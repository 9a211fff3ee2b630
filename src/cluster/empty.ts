/** What happens to a cluster that lost all its points. */
import { squaredDistance } from "./nearest.js";
import { ownRow, type Points } from "./points.js";
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
 * @param owner - of each of this process's points
 * @param distance - of each to its owner; set to 0 where a point is to move
 * @param sizes - points in each cluster, of all processes
 * @returns the moves to make, one for each empty cluster; fewer if no cluster can be split. At most one takes a given point
 */
export function refillEmpty(
  points: Points,
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
      const point = farthest(points, own, distance);
      if (point === null) {
        left[from] = 1; // equal points: as good as one
        continue;
      }
      const row = ownRow(points, point);
      if (row !== null) {
        distance[row] = 0;
        taken.add(row);
      }
      left[from]--;
      left[to]++;
      moves.push({ point, from, to });
    }
  }
  return moves;
}

/** Of some points, of which `own` are this process's, the one farthest from its owner; null if all are equal. */
function farthest({ own: all, from, world }: Points, own: Int32Array, distance: Float64Array): number | null {
  const width = all.shape[1] ?? 0;
  const told = new Float64Array(4 + width);
  if (own.length > 0) {
    const areEqual = own.every((i) => squaredDistance(all, i, all, own[0]) === 0);
    const point = own.reduce((far, i) => (distance[i] > distance[far] ? i : far));
    told.set([1, Number(areEqual), from + point, distance[point]]);
    told.set(all.data.subarray(own[0] * width, (own[0] + 1) * width), 4);
  }
  const gathered = world.gather(told);
  const parts = Array.from({ length: world.size }, (_, r) => gathered.subarray(r * told.length, (r + 1) * told.length));
  const holding = parts.filter(([holds]) => holds === 1);
  const [first] = holding;
  const isFirst = (part: Float64Array) => part.subarray(4).every((x, d) => x === first[4 + d]);
  if (holding.every((part) => part[1] === 1 && isFirst(part))) return null;
  const [, , point] = holding.reduce((far, part) => (part[3] > far[3] ? part : far));
  return point;
}
