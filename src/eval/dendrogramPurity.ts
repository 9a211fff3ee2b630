/**
 * Dendrogram purity (Heller and Ghahramani 2005): draw two points of one class; how much of the smallest cluster that holds
 * both is of that class, on average over all such pairs? 1 if every class has a branch of its own.
 */
import { DataError } from "../errors.js";

/**
 * The exact value for a tree of clusters, in one pass over points and clusters. All points together are its root.
 *
 * @param truth - `[N]` class ids
 * @param levels - each point's cluster at every level, finest first; clusters of a level lie whole in one of the next
 * @returns 1 if no class has two points
 * @throws DataError if a level has another length, or cuts a cluster of the level before
 */
export function dendrogramPurity(truth: ArrayLike<number>, levels: readonly ArrayLike<number>[]): number {
  const count = truth.length;
  const everything = new Int32Array(count);
  let [sum, pairs] = [0, 0];
  /** By class: pairs whose smallest cluster was found below. */
  let below: Map<number, Map<number, number>> = new Map();
  let finer: ArrayLike<number> | null = null;
  for (const level of [...levels, everything]) {
    if (level.length !== count)
      throw new DataError("wrong-length", `dendrogram purity: a level has ${level.length} points, the truth ${count}`);
    const inside = finer ? raised(below, finer, level) : new Map<number, Map<number, number>>();
    const members = tally(truth, level);
    const all = new Map<number, Map<number, number>>();
    for (const [cluster, classes] of members) {
      const size = [...classes.values()].reduce((a, b) => a + b, 0);
      const settled = new Map<number, number>();
      for (const [label, n] of classes) {
        const together = (n * (n - 1)) / 2;
        const here = together - (inside.get(cluster)?.get(label) ?? 0);
        sum += here * (n / size);
        pairs += here;
        settled.set(label, together);
      }
      all.set(cluster, settled);
    }
    below = all;
    finer = level;
  }
  return pairs === 0 ? 1 : sum / pairs;
}

/** Points of each class in each cluster. */
function tally(truth: ArrayLike<number>, level: ArrayLike<number>): Map<number, Map<number, number>> {
  const table = new Map<number, Map<number, number>>();
  for (let i = 0; i < truth.length; i++) {
    const classes = table.get(level[i]) ?? new Map<number, number>();
    classes.set(truth[i], (classes.get(truth[i]) ?? 0) + 1);
    table.set(level[i], classes);
  }
  return table;
}

/** Pairs settled in the clusters of a level, by the cluster of the next that holds them. */
function raised(
  settled: ReadonlyMap<number, ReadonlyMap<number, number>>,
  finer: ArrayLike<number>,
  coarser: ArrayLike<number>,
): Map<number, Map<number, number>> {
  const parent = new Map<number, number>();
  for (let i = 0; i < finer.length; i++) {
    const known = parent.get(finer[i]) ?? coarser[i];
    if (known !== coarser[i])
      throw new DataError(
        "wrong-entry",
        `dendrogram purity: cluster ${finer[i]} of a level lies in ${known} and ${coarser[i]} of the next`,
      );
    parent.set(finer[i], known);
  }
  const raised = new Map<number, Map<number, number>>();
  for (const [cluster, classes] of settled) {
    const above = parent.get(cluster) as number;
    const sums = raised.get(above) ?? new Map<number, number>();
    for (const [label, pairs] of classes) sums.set(label, (sums.get(label) ?? 0) + pairs);
    raised.set(above, sums);
  }
  return raised;
}
