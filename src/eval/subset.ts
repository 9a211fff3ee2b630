/** A few labelled images of many, as evenly over the classes as they allow. */
import { DataError } from "../errors.js";
import { permutation, random } from "../random.js";

/**
 * Deals from each class in turn, its images in random order, until `count` are drawn; a class with no more is passed over.
 *
 * @param labels - [N], class ids
 * @returns `count` indices, rising
 * @throws DataError if there are fewer images than `count`, or `count` leaves a class without
 */
export function balancedSubset(labels: Int32Array, count: number, seed: number): Int32Array {
  const members = new Map<number, number[]>();
  for (const i of permutation(labels.length, random(seed, "labelled"))) {
    const known = members.get(labels[i]) ?? [];
    known.push(i);
    members.set(labels[i], known);
  }
  if (count > labels.length)
    throw new DataError("too-few", `${count} labels are asked for, there are ${labels.length} labelled images`);
  if (count < members.size)
    throw new DataError(
      "too-few",
      `${count} labels for ${members.size} classes leave some without: give one a class at least`,
    );
  const classes = [...members].sort(([a], [b]) => a - b).map(([, images]) => images);
  const drawn: number[] = [];
  for (let round = 0; drawn.length < count; round++)
    drawn.push(...classes.flatMap((images) => images.slice(round, round + 1)).slice(0, count - drawn.length));
  return Int32Array.from(drawn).sort();
}
