/** A run's encoder, ready to be used. */
import type { DenseArray } from "../../array.js";
import type { Engine } from "../../engine/index.js";
import type { Recipe } from "../../recipe/index.js";
import { type Checkpoint, encoderWeights, type RunFolder } from "../../train/index.js";

/** An encoder's tensors by torchvision name. */
export type Weights = Readonly<Record<string, DenseArray>>;

/** An encoder at work: its weights, and what runs them. */
export interface Encoder {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly weights: Weights;
}

/** What a run has learned. */
export interface Learned {
  readonly recipe: Recipe;
  readonly checkpoint: Pick<Checkpoint, "file" | "tensors">;
}

/** A run, and what it has learned. */
export interface Trained extends Learned {
  readonly run: RunFolder;
  readonly checkpoint: Checkpoint;
}

/** The query encoder of a run, which is for use, or the key encoder, in whose space its prototypes lie. */
export const encoderOf = ({ recipe, checkpoint }: Learned, engine: Engine, which: "query" | "key"): Encoder => ({
  engine,
  recipe,
  weights: encoderWeights(checkpoint, which),
});
