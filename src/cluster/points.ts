/**
 * The points of a clustering, which stay where they were made: each process of a world holds consecutive rows, process 0 the first.
 * What is decided for all is decided by sums, and the same in all. One process alone holds them all.
 */
import type { Matrix } from "../array.js";
import { countsOf, ownRange, type World } from "../world/index.js";
import { gatherRows } from "./rows.js";

export interface Points {
  /** `[n, D]`: this process's rows; there may be none. */
  readonly own: Matrix;
  /** The number of the first of them. */
  readonly from: number;
  /** How many points there are in all. */
  readonly count: number;
  readonly world: World;
}

/** @param own - this process's points */
export const pointsOf = (own: Matrix, world: World): Points => ({
  own,
  world,
  ...countsOf(world, own.shape[0] ?? 0),
});

/** Where this process has a point; null: another has it. */
export function ownRow({ own, from }: Points, id: number): number | null {
  const row = id - from;
  return row >= 0 && row < (own.shape[0] ?? 0) ? row : null;
}

/** Some points `[ids.length, D]`, in all processes. */
export function rowsAt(points: Points, ids: readonly number[]): Matrix {
  const { own, world } = points;
  if (world.size === 1) return gatherRows(own, ids);
  const width = own.shape[1] ?? 0;
  const data = new Float32Array(ids.length * width);
  for (const [at, id] of ids.entries()) {
    const row = ownRow(points, id);
    if (row !== null) data.set(own.data.subarray(row * width, (row + 1) * width), at * width);
  }
  world.reduce("sum", data); // one has each row, the others zeros
  return { shape: [ids.length, width], data };
}

/** This process's rows of a matrix that all have. */
export function ownRows(matrix: Matrix, world: World): Matrix {
  const [count = 0, width = 0] = matrix.shape;
  const { from, to } = ownRange(count, world);
  return { shape: [to - from, width], data: matrix.data.subarray(from * width, to * width) };
}
