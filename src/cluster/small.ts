/** Small clusters leave the tree (where the variant drops them): a prototype of a few images says little about a class. */
import type { Matrix } from "../array.js";
import { sumOf, type World } from "../world/index.js";
import type { NearestCentroid } from "./nearest.js";
import { gatherRows } from "./rows.js";

export interface WithoutSmall {
  /** Ids of the clusters that stay, ascending: what was cluster `kept[c]` is now c. */
  readonly kept: Int32Array;
  /** The cluster of each of this process's points, by new ids. */
  readonly assignment: Int32Array;
  /** How many points, of all, went to another cluster. */
  readonly moved: number;
}

/**
 * Drops clusters of fewer than `minimum` images; each of their points goes to the most similar remaining prototype.
 *
 * Half of the clusters that are too small are dropped at a time, the smallest first (ties: the highest id first), and sizes are
 * counted again before the next: a cluster that grows past `minimum` with what it takes in stays. One always stays, however few
 * the images are. Points of clusters that stay do not move.
 *
 * @param points - `[N, D]`: images, or prototypes of the level below; of several processes this one's
 * @param prototypes - `[K, D]`, unit rows, so that the nearest is the most similar
 * @param assignment - `[N]` ids
 * @param images - `[N]`: how many images each point stands for
 */
export async function dropSmall(
  points: Matrix,
  prototypes: Matrix,
  assignment: Int32Array,
  images: Int32Array,
  minimum: number,
  nearest: NearestCentroid,
  world: World,
): Promise<WithoutSmall> {
  const clusters = prototypes.shape[0] ?? 0;
  const owner = assignment.slice();
  const isKept = new Array<boolean>(clusters).fill(true);
  for (;;) {
    const sizes = new Int32Array(clusters);
    for (let i = 0; i < owner.length; i++) sizes[owner[i]] += images[i];
    world.reduce("sum", sizes);
    const remaining = [...sizes.keys()].filter((c) => isKept[c]);
    const small = remaining.filter((c) => sizes[c] < minimum).sort((a, b) => sizes[a] - sizes[b] || b - a);
    const leaving = small.slice(0, Math.min(Math.ceil(small.length / 2), remaining.length - 1));
    if (leaving.length === 0) break;
    for (const c of leaving) isKept[c] = false;
    const stay = remaining.filter((c) => isKept[c]);
    const homeless = Int32Array.from(owner.keys()).filter((i) => !isKept[owner[i]]);
    if (homeless.length === 0) continue;
    const { owner: closest } = await nearest(points, gatherRows(prototypes, stay), homeless);
    for (let at = 0; at < homeless.length; at++) owner[homeless[at]] = stay[closest[at]];
  }
  const kept = Int32Array.from(isKept.keys()).filter((c) => isKept[c]);
  const newId = new Int32Array(clusters);
  kept.forEach((c, id) => {
    newId[c] = id;
  });
  const moved = owner.reduce((sum, c, i) => sum + (c === assignment[i] ? 0 : 1), 0);
  return { kept, assignment: owner.map((c) => newId[c]), moved: sumOf(world, moved) };
}
