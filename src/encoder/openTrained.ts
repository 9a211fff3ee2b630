/** What a run's folder has learned. */
import { onDisk } from "../disk/index.js";
import { lastSoundCheckpoint, RunFolder } from "../train/index.js";
import type { Trained } from "./embeddings/index.js";

/**
 * @param onWarning - told of checkpoints that are damaged on disk: the one before is taken
 * @throws UsageError if the folder holds no run; CheckpointError if that has no sound checkpoint
 */
export async function openTrained(path: string, onWarning: (message: string) => void): Promise<Trained> {
  const run = await RunFolder.open(onDisk(path));
  return { run, recipe: run.description.recipe, checkpoint: await lastSoundCheckpoint(run, onWarning) };
}
