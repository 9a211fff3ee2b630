/**
 * Memory for feeds, used again. A feed is copied once, into a block that goes to the engine's thread and comes back with the reply;
 * fresh memory would cost as much again in page faults. For devices blocks are shared memory, which stays where it is, so that a
 * provider may lock it; onnxruntime-node refuses arrays on that ("Invalid argument"), so for others blocks are moved.
 */
import type { Block, Elements } from "./messages.js";

const smallest = 1 << 14;
const keptPerSize = 2;
const keptSizes = 32;

/** A copy of `data` on `block`, which has its byte length. */
export function copyOnto(block: Block, data: Elements): Elements {
  // Node has a kind of Uint8Array whose constructor and slice do other things.
  const Kind = data instanceof Uint8Array ? Uint8Array : (data.constructor as Float32ArrayConstructor);
  const copy = new Kind(block as ArrayBuffer);
  copy.set(data as Float32Array);
  return copy;
}

export class FeedMemory {
  /** Free blocks by byte length; the size used longest ago is forgotten first. */
  private readonly free = new Map<number, Block[]>();

  constructor(private readonly shares: boolean) {}

  /** A copy of `data` on a block of its own. */
  copy(data: Elements): Elements {
    const { byteLength } = data;
    const fresh = () => (this.shares ? new SharedArrayBuffer(byteLength) : new ArrayBuffer(byteLength));
    return copyOnto(this.free.get(byteLength)?.pop() ?? fresh(), data);
  }

  /** Takes a block back for a later copy. */
  giveBack(block: Block): void {
    if (block.byteLength < smallest) return;
    const kept = this.free.get(block.byteLength) ?? [];
    this.free.delete(block.byteLength);
    if (kept.length < keptPerSize) kept.push(block);
    this.free.set(block.byteLength, kept);
    const [oldest] = this.free.keys();
    if (this.free.size > keptSizes && oldest !== undefined) this.free.delete(oldest);
  }
}
