/** How two partitions of the same points overlap. */
import { DataError } from "../errors.js";

/** The non-zero cells of the table of classes × clusters, and its margins. */
export interface Contingency {
  readonly total: number;
  /** Points in each class, in each cluster; none is 0. */
  readonly classSizes: readonly number[];
  readonly clusterSizes: readonly number[];
  readonly cells: readonly { readonly row: number; readonly column: number; readonly count: number }[];
}

/**
 * Counts the points of each class in each cluster.
 *
 * @param truth - `[N]` class ids, any integers
 * @param clusters - `[N]` cluster ids, any integers
 * @throws DataError if they differ in length or are empty
 */
export function contingency(truth: ArrayLike<number>, clusters: ArrayLike<number>): Contingency {
  if (truth.length !== clusters.length || truth.length === 0) {
    throw new DataError(
      "wrong-length",
      `clustering scores: ${truth.length} labels and ${clusters.length} cluster ids. Give one of each for every point, at least one.`,
    );
  }
  const rows = new Map<number, number>();
  const columns = new Map<number, number>();
  const classSizes: number[] = [];
  const clusterSizes: number[] = [];
  const counts = new Map<number, number>();
  for (let i = 0; i < truth.length; i++) {
    const row = idOf(truth[i], rows);
    const column = idOf(clusters[i], columns);
    classSizes[row] = (classSizes[row] ?? 0) + 1;
    clusterSizes[column] = (clusterSizes[column] ?? 0) + 1;
    const cell = row * truth.length + column; // fewer than N columns
    counts.set(cell, (counts.get(cell) ?? 0) + 1);
  }
  const cells = [...counts].map(([cell, count]) => ({
    row: Math.floor(cell / truth.length),
    column: cell % truth.length,
    count,
  }));
  return { total: truth.length, classSizes, clusterSizes, cells };
}

/** Ids closed up in order of appearance. */
function idOf(label: number, ids: Map<number, number>): number {
  const known = ids.get(label);
  if (known !== undefined) return known;
  ids.set(label, ids.size);
  return ids.size - 1;
}
