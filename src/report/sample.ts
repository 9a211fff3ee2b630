/** Which images a report shows. */
import { permutation, random } from "../random.js";

/** At most `most` of the places 0..count-1, drawn by seed, rising. */
export function sampled(count: number, most: number, seed: number): Int32Array {
  return permutation(count, random(seed, "reported")).slice(0, most).sort();
}
