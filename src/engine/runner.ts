/** What an engine's sessions are made of: graphs that are opened and run, and tensors that stay where they are between runs. */
import type { DataArray, NamedArrays, TensorInfo, Traffic } from "./messages.js";

/** A tensor that stays: on the host, or on the provider's device. */
export interface Held {
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface OpenOptions {
  /** Whether loading looks for ops to fuse further than the simple ones. */
  readonly fused: boolean;
  /** Whether a node that would run on the CPU makes this fail; no effect on the CPU. */
  readonly alone: boolean;
  /** Whether runs are to be recorded by the provider, once for each set of places, and played again. */
  readonly captured: boolean;
  /** The outputs that are to stay. */
  readonly kept: ReadonlySet<string>;
  /** Start of the path of a profile, which is written until `endProfile`. */
  readonly profile?: string;
}

export type Soon<T> = T | Promise<T>;

/** What a run gives: outputs that stay, and copies of those that were wanted. */
export interface Ran<H> {
  readonly kept: ReadonlyMap<string, H>;
  readonly results: NamedArrays;
}

/** A graph that is ready to run. */
export interface Opened<H> {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /**
   * @param given - every input: an array, or a tensor that stays
   * @param kept - outputs that stay, and where they are to be written; null: wherever the runner chooses
   * @param wanted - outputs to copy
   */
  run(
    given: ReadonlyMap<string, DataArray | H>,
    kept: ReadonlyMap<string, H | null>,
    wanted: readonly string[],
  ): Soon<Ran<H>>;
  endProfile(): void;
  close(): Soon<void>;
}

export interface Runner<H extends Held = Held> {
  /** Fails where the provider, or its device, is not there. */
  start(): Soon<void>;
  open(model: Uint8Array, options: OpenOptions): Soon<Opened<H>>;
  /** Whether a run may write to a tensor that it reads. */
  readonly overwrites: boolean;
  /** Room for a tensor, of any contents; null where a run cannot write to a given place. */
  room(dtype: string, shape: readonly number[]): H | null;
  /** An array's numbers as a tensor that stays: at `over`, which is of its size, or anew. */
  hold(array: DataArray, dtype: string, over: H | null): H;
  /** The same numbers in another tensor. */
  duplicate(held: H): H;
  /** Copies. */
  read(held: readonly H[]): Soon<readonly DataArray[]>;
  free(held: H): void;
  /** What crossed between host and device so far. */
  traffic(): Traffic;
  close(): Soon<void>;
}
