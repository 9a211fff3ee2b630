/**
 * Seeded randomness. A stream is made from what it is for, so the same (seed, epoch, image) always gives the same draws,
 * whatever the timing or the number of workers.
 */

/** What draws are for. Each name has streams of its own: those of two names never coincide, whatever the keys. */
export const streams = {
  weights: "the first values of a tensor: its name",
  queue: "the queue before any key",
  order: "the images of an epoch: epoch",
  shuffle: "the key batch: step",
  views: "a random view of an image: epoch, image, view",
  instanceSelection: "which queue keys are negatives: step, word",
  prototypeSelection: "which prototypes are negatives: step, view, level, word",
  centroids: "where k-means starts: restart",
  heldOut: "images held out of a set",
  labelled: "the few images that keep their labels",
  synthetic: "an image of a synthetic set: image",
  reported: "the images that a page shows",
  map: "where points of a map move",
  mapStart: "where points of a map start: part",
  probe: "what a provider is tried with",
} as const;

export type Stream = keyof typeof streams;

/** A stream of uniform draws in [0, 1), each a multiple of 2⁻³². */
export type Random = () => number;

/** What a stream is told apart by, after its seed: its name, then names and integers of its own. Tests and tools number theirs. */
type Keys = readonly [Stream, ...(string | number)[]] | readonly number[];

/**
 * The stream of `seed` and the given `keys`: sfc32, its state filled from the keys by splitmix-like mixing.
 *
 * @param seed - the run's seed
 * @param keys - what the stream is for, e.g. `("views", epoch, image, view)`
 */
export function random(seed: number, ...keys: Keys): Random {
  const state = started(seed, keys);
  return () => (advance(state) >>> 0) / 2 ** 32;
}

/**
 * Words of 32 random bits of the stream of `seed` and `keys`.
 *
 * @param out - filled; a few nanoseconds a word
 */
export function fillWords(out: Int32Array, seed: number, ...keys: Keys): void {
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
function started(seed: number, keys: Keys): Int32Array {
  let h = 0x9e3779b9;
  for (const given of [seed, ...keys]) {
    const key = typeof given === "string" ? hash(given) : given;
    h = mix(h ^ (key | 0));
    h = mix(h ^ Math.floor(key / 2 ** 32));
  }
  const a = mix(h + 0x243f6a88);
  const b = mix(a + 0x85a308d3);
  const state = Int32Array.of(a, b, mix(b + 0x13198a2e), 1);
  for (let i = 0; i < 8; i++) advance(state);
  return state;
}

/** A stable integer for a name (FNV-1a). */
function hash(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return h >>> 0;
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
