/** What a step's graph is made of. */
import type { LossSettings } from "../hcsc/index.js";
import type { OptimizerSettings } from "../optim/index.js";
import type { Precision } from "../precision.js";
import type { EncoderSettings } from "./encoder.js";
import type { PixelStatistics } from "./pixels.js";

/** What a step graph is made of. */
export interface StepSettings {
  readonly encoder: EncoderSettings;
  readonly loss: LossSettings;
  readonly optimizer: OptimizerSettings;
  readonly batchSize: number;
  /** Whether the batch is one process's part of a larger one. */
  readonly isPart?: boolean;
  /** Side of each local view. */
  readonly localSizes: readonly number[];
  /** By which the graph normalises 8-bit images; null: it is fed floats, normalised already. */
  readonly pixels: PixelStatistics | null;
  /** Whether selection's draws are made in the graph, of a few random words (`draws.ts`), or fed one by one. */
  readonly draws: "words" | "numbers";
  readonly queue: number;
  /** M of each level. */
  readonly clusters: readonly number[];
  /** Parts of the query batch, and of the shuffled key batch, that BatchNorm sees apart. */
  readonly querySubBatches: number;
  readonly keySubBatches: number;
  /** `fp16`: with a dynamic loss scale, for convolutions in float16. */
  readonly precision: Precision;
  /** Whether the backward pass makes cheap activations again. */
  readonly recompute: boolean;
  /** Batches per update: 1 for the fused step. */
  readonly accumulation: number;
}

/** `warmup`: plain InfoNCE, no prototypes. */
export type Phase = "warmup" | "selective";

/** How the loss takes the levels of the hierarchy: one by one, or, in fewer ops, all at once where it has that form. */
export type Levels = "apart" | "stacked";
