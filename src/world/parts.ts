/** Rows that processes hold parts of: those of process 0 come first, then those of process 1, and so on. */
import type { Numbers, World } from "./world.js";

type Place = Pick<World, "rank" | "size">;

/** Which of so many things are this process's: as many as any other's, or one more or less. */
export const ownRange = (count: number, { rank, size }: Place): { readonly from: number; readonly to: number } => ({
  from: Math.floor((count * rank) / size),
  to: Math.floor((count * (rank + 1)) / size),
});

/** How many each process has, where this one's begin, and how many there are in all. */
export interface Counts {
  readonly each: Int32Array;
  readonly from: number;
  readonly count: number;
}

/** @param own - how many this process has */
export function countsOf(world: World, own: number): Counts {
  const each = world.gather(Int32Array.of(own));
  const sum = (counts: Int32Array) => counts.reduce((a, b) => a + b, 0);
  return { each, from: sum(each.subarray(0, world.rank)), count: sum(each) };
}

/** Parts of any lengths, those of all processes one after another. */
export function gatherAll<T extends Numbers | Uint8Array>(world: World, part: T): T {
  if (world.size === 1) return part;
  const { each, count } = countsOf(world, part.length);
  const longest = each.reduce((a, b) => Math.max(a, b), 0);
  const arrays = part.constructor as new (length: number) => T;
  const padded = new arrays(longest);
  padded.set(part);
  const gathered = world.gather(padded);
  const all = new arrays(count);
  let at = 0;
  for (const [r, length] of each.entries()) {
    all.set(gathered.subarray(r * longest, r * longest + length), at);
    at += length;
  }
  return all;
}

/** The sum of a number over all processes. */
export function sumOf(world: World, own: number): number {
  const sum = Float64Array.of(own);
  world.reduce("sum", sum);
  return sum[0];
}

/** Bytes that all processes send at a time: however many they are, fewer than MPI counts. */
const mostAtOnce = 1 << 25;

/** Parts of any lengths, one after another in process 0; none in the others. */
export function gatherToMain<T extends Numbers | Uint8Array>(world: World, part: T): T {
  if (world.size === 1) return part;
  const isMain = world.rank === 0;
  const lengths = Array.from(world.gather(Int32Array.of(part.length)), (length) => length * part.BYTES_PER_ELEMENT);
  const starts = lengths.map((_, r) => lengths.slice(0, r).reduce((a, b) => a + b, 0));
  const all = new Uint8Array(isMain ? lengths.reduce((a, b) => a + b, 0) : 0);
  const own = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
  const longest = Math.max(...lengths);
  const chunk = Math.ceil(mostAtOnce / world.size);
  for (let at = 0; at < longest; at += chunk) {
    const here = lengths.map((length) => (isMain ? Math.min(chunk, Math.max(0, length - at)) : 0));
    const sent = lengths.map((_, r) => (r === 0 ? own.subarray(at, at + chunk) : own.subarray(0, 0)));
    for (const [r, bytes] of world.exchange(sent, here).entries()) if (isMain) all.set(bytes, starts[r] + at);
  }
  return new (part.constructor as new (buffer: ArrayBuffer) => T)(all.buffer);
}
