/** Checkpoints by their paths on a disk. */
import { readWhole, sha256 } from "../tensorfile/index.js";
import { type Checkpoint, decodeCheckpoint } from "../train/index.js";

/** Reads a checkpoint file. @throws CheckpointError if it cannot be read, is damaged, or no checkpoint */
export const readCheckpoint = async (file: string): Promise<Checkpoint> =>
  decodeCheckpoint(await readWhole(file), file, sha256());
