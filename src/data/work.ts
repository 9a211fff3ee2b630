/** What the loader and its worker threads say to each other. */
import type { Sentence } from "../errors.js";
import type { EvaluationPolicy, ViewPolicy } from "./augment/index.js";
import type { DecodedMemory } from "./decoded.js";
import type { SourceDescription } from "./source.js";

/** A part of a batch: images `indices`, whose views go to `views[v]` from place `from` on. */
export interface Work {
  readonly id: number;
  readonly indices: Int32Array;
  readonly from: number;
  readonly epoch: number;
  readonly policies: readonly ViewPolicy[] | EvaluationPolicy;
  /** Shared memory, one array a view: [B, channels, size, size]. */
  readonly views: readonly Uint8Array[];
}

export interface WorkDone {
  readonly id: number;
  /** Images that could not be read: place in the batch, and why. */
  readonly broken: readonly { readonly place: number; readonly reason: string }[];
  /** Why the views cannot be made of readable images, or null. */
  readonly failed: Sentence | null;
}

export interface WorkerOptions {
  readonly source: SourceDescription;
  readonly seed: number;
  /** Where decoded pictures are kept; null: nowhere. */
  readonly decoded: DecodedMemory | null;
}
