/** Groups of rows that are nearly the same. */
import type { Matrix } from "../array.js";
import { type BlockOptions, nearestNeighbours } from "./neighbours.js";

/** Two images that are alike. */
export interface AlikePair {
  readonly a: number;
  readonly b: number;
  readonly cosine: number;
}

/** Neighbours of a row that are looked at: of more copies, each is found by another. */
const looked = 20;

/**
 * Rows joined by cosines of at least `threshold`, through others where needed: groups of two and more, their rows rising, by their
 * first row; and the most alike of the pairs that join each.
 *
 * @param rows - [N, D], unit rows
 */
export async function alikeGroups(
  rows: Matrix,
  threshold: number,
  blocks: BlockOptions,
): Promise<readonly { readonly members: readonly number[]; readonly closest: AlikePair }[]> {
  const count = rows.shape[0];
  const each = Math.min(looked + 1, count);
  const { ids, similarity } = await nearestNeighbours(rows, rows, each, blocks);
  const leader = Int32Array.from({ length: count }, (_, i) => i);
  const find = (i: number): number => {
    let at = i;
    while (leader[at] !== at) at = leader[at];
    leader[i] = at;
    return at;
  };
  const pairs: AlikePair[] = [];
  for (let a = 0; a < count; a++) {
    for (let i = a * each; i < (a + 1) * each; i++) {
      const b = ids[i];
      if (b === a || similarity[i] < threshold) continue;
      pairs.push({ a: Math.min(a, b), b: Math.max(a, b), cosine: similarity[i] });
      const [low, high] = [find(a), find(b)].sort((x, y) => x - y);
      leader[high] = low;
    }
  }
  const members = new Map<number, number[]>();
  for (let i = 0; i < count; i++) members.set(find(i), [...(members.get(find(i)) ?? []), i]);
  const closest = new Map<number, AlikePair>();
  for (const pair of pairs) {
    const best = closest.get(find(pair.a));
    if (!best || pair.cosine > best.cosine) closest.set(find(pair.a), pair);
  }
  return [...members].flatMap(([first, group]) => {
    const pair = closest.get(first);
    return pair ? [{ members: group, closest: pair }] : [];
  });
}
