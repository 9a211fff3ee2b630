/** Processes that compute together, as one of them sees it. */

/** Arrays that can be summed. */
export type Numbers = Float32Array | Float64Array | Int32Array;

export interface World {
  /** Which process this is, from 0. */
  readonly rank: number;
  /** How many there are. */
  readonly size: number;
  /** Puts the sum, the largest or the smallest of all processes' numbers, place by place, in the array of each. */
  reduce(by: "sum" | "max" | "min", data: Numbers): void;
  /** Parts of one length, those of all processes one after another. */
  gather<T extends Numbers | Uint8Array>(part: T): T;
  /** Sends part r to process r. @returns what all have sent to this one, in order. Lengths must be known on both sides */
  exchange(parts: readonly Uint8Array[], lengths: readonly number[]): readonly Uint8Array[];
  /** Fills the array of every process with that of process 0. */
  broadcast(data: ArrayBufferView): void;
  /** Waits for all processes. */
  barrier(): void;
  /** Says what this process has come to. One that comes to nothing more for long is taken for hung. */
  moved(to: string): void;
  /** Ends all processes, with an exit code. */
  abort(code: number): void;
  /** The end of what is computed together, which all processes come to. */
  finalize(): void;
}

/** The world of a process that was started by itself. */
export const alone: World = {
  rank: 0,
  size: 1,
  reduce: () => {},
  gather: (part) => part,
  exchange: (parts) => parts,
  broadcast: () => {},
  barrier: () => {},
  moved: () => {},
  abort: () => {},
  finalize: () => {},
};
