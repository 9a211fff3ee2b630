/**
 * Memory for feeds, used again. A feed is copied once, into a block that is then moved to the engine's thread and comes back
 * with the reply. onnxruntime-node refuses arrays on shared memory ("Invalid argument"), so this copy is needed in any case;
 * fresh memory would cost as much again in page faults.
 */
import type { Elements } from "./messages.js";

const smallest = 1 << 14;
const keptPerSize = 2;
const keptSizes = 32;

/** A copy of `data` on `block`, which has its byte length. */
export function copyOnto(block: ArrayBuffer, data: Elements): Elements {
  // A Node Buffer is a Uint8Array whose constructor and slice do other things.
  const Kind = data instanceof Uint8Array ? Uint8Array : (data.constructor as Float32ArrayConstructor);
  const copy = new Kind(block);
  copy.set(data as Float32Array);
  return copy;
}

export class FeedMemory {
  /** Free blocks by byte length; the size used longest ago is forgotten first. */
  private readonly free = new Map<number, ArrayBuffer[]>();

  /** A copy of `data` on a block of its own. */
  copy(data: Elements): Elements {
    return copyOnto(this.free.get(data.byteLength)?.pop() ?? new ArrayBuffer(data.byteLength), data);
  }

  /** Takes a block back for a later copy. */
  giveBack(block: ArrayBuffer): void {
    if (block.byteLength < smallest) return;
    const kept = this.free.get(block.byteLength) ?? [];
    this.free.delete(block.byteLength);
    if (kept.length < keptPerSize) kept.push(block);
    this.free.set(block.byteLength, kept);
    const [oldest] = this.free.keys();
    if (this.free.size > keptSizes && oldest !== undefined) this.free.delete(oldest);
  }
}
