/** Places in rising lists. */

/** The last place of a rising list whose value is not above `value`. */
export function lastUpTo(rising: Int32Array, value: number): number {
  let [low, high] = [0, rising.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (rising[middle] <= value) low = middle;
    else high = middle;
  }
  return low;
}
