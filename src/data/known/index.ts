/**
 * By what a set of images is known again, in Node and in a page: names and sizes of all, and the content of some. Nothing here is
 * Node's.
 */
import type { ImageSource } from "../sources/picture.js";

type Digest = (bytes: Uint8Array) => string;

export interface SetIdentity {
  /** Each image's name, and its file's size in bytes: null where it is no file of its own, or is missing. */
  readonly images: readonly (readonly [name: string, bytes: number | null])[];
  /** SHA-256 of the content of images spread evenly over the set, by their index; null of one that cannot be read. */
  readonly sample: readonly (readonly [index: number, sha256: string | null])[];
}

const sampled = 32;
/** Files looked at together. */
const together = 64;

/** @param sha256 - the digest of bytes, in hexadecimal */
export async function identityBy(source: ImageSource, sha256: Digest): Promise<SetIdentity> {
  const every = Array.from({ length: source.count }, (_, i) => i);
  const images = await inTurn(every, async (i) => [source.name(i), await source.bytes(i)] as const);
  const many = Math.min(sampled, source.count);
  const some = Array.from({ length: many }, (_, s) => Math.floor((s * source.count) / many));
  const sample: (readonly [number, string | null])[] = [];
  for (const index of some) sample.push([index, await digestBy(source, index, sha256)]);
  return { images, sample };
}

/** What is asked of images by their places, so many together. */
export async function inTurn<T>(images: readonly number[], ask: (image: number) => Promise<T>): Promise<readonly T[]> {
  const answers: T[] = [];
  for (let from = 0; from < images.length; from += together)
    answers.push(...(await Promise.all(images.slice(from, from + together).map(ask))));
  return answers;
}

/** The digest of an image's content; null of one that cannot be read. */
export async function digestBy(source: ImageSource, index: number, sha256: Digest): Promise<string | null> {
  const bytes = await source.content(index).catch(() => null);
  return bytes && sha256(bytes);
}

/** The first thing in which a set is not the one before, in words; null if it is the same. */
export function differenceOf(before: SetIdentity, now: SetIdentity): string | null {
  const count = Math.min(before.images.length, now.images.length);
  for (let i = 0; i < count; i++) {
    const [[was, had], [name, bytes]] = [before.images[i], now.images[i]];
    if (name !== was) return `image ${i} is ${name}, was ${was}`;
    if (bytes !== had) return `${name} has ${sized(bytes)}, had ${sized(had)}`;
  }
  if (now.images.length > count)
    return `there are ${now.images.length} images, were ${count}; the first that is new is ${now.images[count][0]}`;
  if (before.images.length > count)
    return `there are ${count} images, were ${before.images.length}; the first that is gone is ${before.images[count][0]}`;
  const found = new Map(now.sample);
  const changed = before.sample.find(([index, digest]) => found.get(index) !== digest);
  return changed ? `the content of ${before.images[changed[0]][0]} is another` : null;
}

const sized = (bytes: number | null): string => (bytes === null ? "no file" : `${bytes} bytes`);
