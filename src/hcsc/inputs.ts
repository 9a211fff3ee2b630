/** What the loss takes: its settings, and the values that a step has. */
import type { Value } from "../graph/index.js";
import type { Variant } from "../variants.js";

/** What the loss is told; names and defaults as in the recipe. */
export interface LossSettings {
  readonly variant: Variant;
  readonly temperature: number;
  readonly instanceSelection: boolean;
  readonly prototypeSelection: boolean;
  /** Whether local views take the query's instance selection, or every queue key. */
  readonly selectionOnLocal: boolean;
}

/** One level of the hierarchy, finest first. M is fixed in the graph; the clustering may fill fewer rows. */
export interface Level {
  /** [M, D], unit rows. */
  readonly prototypes: Value;
  /** τ_c [M]. */
  readonly temperature: Value;
  /** How many rows are prototypes: float scalar. */
  readonly count: Value;
  /** Below the top: each prototype's parent, int32 [M]. */
  readonly parent: Value | null;
  /** Below the top: `prototypeNormalizer` of this level, [M]. */
  readonly normalizer: Value | null;
  /** Where the positive is assigned: the images' own cluster ids, int64 [B]. */
  readonly assignment: Value | null;
  /** Likewise: the highest id that any image of the data set has, float scalar. */
  readonly maxAssignment: Value | null;
  /** Where the batch is a part of one, and candidates are those of no image: which have an image of all of it, 0 or 1 [1, M]. */
  readonly taken?: Value | null;
}

/** Uniform draws in [0, 1). */
export interface Draws {
  /** [B, L, Q] */
  readonly instance: Value | null;
  /** For the query and then each local view, by level below the top: [B, M]. */
  readonly prototype: readonly (readonly Value[])[];
}

/** What the loss is of. */
export interface LossInputs {
  /** The query embedding, then those of local views: each [B, D], unit rows. */
  readonly views: readonly Value[];
  /** [B, D], unit rows. */
  readonly keys: Value;
  /** [Q, D], unit rows. */
  readonly queue: Value;
  /** `instanceNormalizer` of every queue key, [Q, L]. */
  readonly queueNormalizer: Value | null;
  readonly levels: readonly Level[];
  readonly draws: Draws;
}
