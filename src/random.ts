/**
 * Seeded randomness. A stream is made from what it is for, so the same (seed, epoch, image) always gives the same draws,
 * whatever the timing or the number of workers.
 */

/** A stream of uniform draws in [0, 1), each a multiple of 2⁻³². */
export type Random = () => number;

/**
 * The stream of `seed` and the given `keys` (any integers): sfc32, its state filled from the keys by splitmix-like mixing.
 *
 * @param seed - the run's seed
 * @param keys - what the stream is for, e.g. `(epoch, imageIndex)`
 */
export function random(seed: number, ...keys: readonly number[]): Random {
  const state = started(seed, keys);
  return () => (advance(state) >>> 0) / 2 ** 32;
}

/**
 * Words of 32 random bits of the stream of `seed` and `keys`.
 *
 * @param out - filled; a few nanoseconds a word
 */
export function fillWords(out: Int32Array, seed: number, ...keys: readonly number[]): void {
  let [a, b, c, counter] = started(seed, keys);
  for (let i = 0; i < out.length; i++) {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    out[i] = t;
  }
}

/** The generator's state [a, b, c, counter]. */
function started(seed: number, keys: readonly number[]): Int32Array {
  let h = 0x9e3779b9;
  for (const key of [seed, ...keys]) {
    h = mix(h ^ (key | 0));
    h = mix(h ^ Math.floor(key / 2 ** 32));
  }
  const a = mix(h + 0x243f6a88);
  const b = mix(a + 0x85a308d3);
  const state = Int32Array.of(a, b, mix(b + 0x13198a2e), 1);
  for (let i = 0; i < 8; i++) advance(state);
  return state;
}

/** One step of sfc32. @returns 32 random bits */
function advance(state: Int32Array): number {
  const [a, b, c, counter] = [state[0], state[1], state[2], state[3]];
  const t = (((a + b) | 0) + counter) | 0;
  state[0] = b ^ (b >>> 9);
  state[1] = (c + (c << 3)) | 0;
  state[2] = (((c << 21) | (c >>> 11)) + t) | 0;
  state[3] = (counter + 1) | 0;
  return t;
}

/** A standard normal draw (Box and Muller 1958). */
export function normal(next: Random): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

/** The integers 0..count-1 in random order (Fisher and Yates). */
export function permutation(count: number, next: Random): Int32Array {
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1));
    const swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  return order;
}

/** `h` with its bits spread over all 32 (the finaliser of MurmurHash3). */
function mix(h: number): number {
  let x = h | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) | 0;
}
