/** A run's encoder, ready to be used. */
import type { DenseArray } from "../array.js";
import { onDisk } from "../disk/index.js";
import type { Engine } from "../engine/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Checkpoint, encoderWeights, lastSoundCheckpoint, RunFolder } from "../train/index.js";

/** An encoder's tensors by torchvision name. */
export type Weights = Readonly<Record<string, DenseArray>>;

/** An encoder at work: its weights, and what runs them. */
export interface Encoder {
  readonly engine: Engine;
  readonly recipe: Recipe;
  readonly weights: Weights;
}

/** A run, and what it has learned. */
export interface Trained {
  readonly run: RunFolder;
  readonly recipe: Recipe;
  readonly checkpoint: Checkpoint;
}

/**
 * @param onWarning - told of checkpoints that are damaged on disk: the one before is taken
 * @throws UsageError if the folder holds no run; CheckpointError if that has no sound checkpoint
 */
export async function openTrained(path: string, onWarning: (message: string) => void): Promise<Trained> {
  const run = await RunFolder.open(onDisk(path));
  return { run, recipe: run.description.recipe, checkpoint: await lastSoundCheckpoint(run, onWarning) };
}

/** The query encoder of a run, which is for use, or the key encoder, in whose space its prototypes lie. */
export const encoderOf = ({ recipe, checkpoint }: Trained, engine: Engine, which: "query" | "key"): Encoder => ({
  engine,
  recipe,
  weights: encoderWeights(checkpoint, which),
});
