/** Images held out of a set: drawn by seed, class by class. The one rule of every command. */
import { permutation, random } from "./random.js";

export interface Parted {
  /** Places, rising. */
  readonly held: Int32Array;
  readonly rest: Int32Array;
}

/**
 * Holds a share out, rounded down to whole images. Each class gives its share, rounded down; images still missing come from the classes
 * that rounding cost most. A class's last image is never held out.
 *
 * @param labels - [count] class ids, those below 0 of images that have none; null where no image has one
 * @param share - 0 to 1
 */
export function heldOut(count: number, labels: Int32Array | null, share: number, seed: number): Parted {
  const members = new Map<number, number[]>();
  for (const i of permutation(count, random(seed, "heldOut"))) {
    const id = labels ? Math.max(-1, labels[i]) : -1;
    const known = members.get(id) ?? [];
    known.push(i);
    members.set(id, known);
  }
  const classes = [...members].sort(([a], [b]) => a - b).map(([, images]) => images);
  const most = classes.map((images) => images.length - 1);
  const taken = classes.map((images, c) => Math.min(most[c], Math.floor(share * images.length + 1e-9)));
  const lost = classes.map((images, c) => share * images.length - taken[c]);
  const byLoss = [...classes.keys()].sort((a, b) => lost[b] - lost[a] || classes[a][0] - classes[b][0]);
  let missing = Math.floor(share * count + 1e-9) - taken.reduce((a, b) => a + b, 0);
  while (missing > 0) {
    const givers = byLoss.filter((c) => taken[c] < most[c]).slice(0, missing);
    if (givers.length === 0) break;
    for (const c of givers) taken[c]++;
    missing -= givers.length;
  }
  const isHeld = new Uint8Array(count);
  for (const [c, images] of classes.entries()) for (const i of images.slice(0, taken[c])) isHeld[i] = 1;
  const places = Int32Array.from({ length: count }, (_, i) => i);
  return { held: places.filter((i) => isHeld[i] === 1), rest: places.filter((i) => isHeld[i] === 0) };
}
