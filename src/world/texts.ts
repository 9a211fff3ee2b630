/** Values that are no arrays of numbers, among processes. */
import { said, UsageError } from "../errors.js";
import type { World } from "./world.js";

/** A text of each process, in order. */
export function gatherTexts(world: World, text: string): readonly string[] {
  const bytes = new TextEncoder().encode(text);
  const lengths = world.gather(Int32Array.of(bytes.length));
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  const part = new Uint8Array(longest);
  part.set(bytes);
  const all = world.gather(part);
  const decoder = new TextDecoder();
  return Array.from(lengths, (length, r) => decoder.decode(all.subarray(r * longest, r * longest + length)));
}

/** Process 0's value, as JSON has it, for all. @param own - what the others give goes nowhere */
export function share<T>(world: World, own: T): T {
  if (world.size === 1) return own;
  const bytes = new TextEncoder().encode(world.rank === 0 ? JSON.stringify(own) : "");
  const length = Int32Array.of(bytes.length);
  world.broadcast(length);
  const text = world.rank === 0 ? bytes : new Uint8Array(length[0]);
  world.broadcast(text);
  return JSON.parse(new TextDecoder().decode(text)) as T;
}

/** Whether a thing is so for any process. */
export function anyOf(world: World, own: boolean): boolean {
  const flags = Int32Array.of(Number(own));
  world.reduce("max", flags);
  return flags[0] > 0;
}

/**
 * Refuses processes that were given different things.
 *
 * @param values - what each process has
 * @param what - what it is, in words
 */
export function requireEqual(values: readonly string[], what: string): void {
  const other = values.findIndex((value) => value !== values[0]);
  if (other === -1) return;
  throw new UsageError(
    "unequal-processes",
    said`process ${other} has another ${what} than process 0: ${values[other]}, not ${values[0]}. Give all the same`,
  );
}
