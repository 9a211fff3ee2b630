/** Checkpoints: everything that the next step needs, in one safetensors file. */
import { basename, join } from "node:path";
import type { DenseArray } from "../array.js";
import { state } from "../artifacts/index.js";
import { CheckpointError, said } from "../errors.js";
import { readTensors, writeTensors } from "../tensorfile/index.js";
import type { RunFolder } from "./runFolder.js";

/** Where a run stands: the next batch is batch `batch` of epoch `epoch`; `step` updates are done. */
export interface Position {
  readonly epoch: number;
  readonly batch: number;
  readonly step: number;
  /** Keys that have entered the queue in total. */
  readonly enqueued: number;
}

/** All that training goes on from: where it is, tensors by name, and clusters of the images. */
export interface Checkpoint {
  readonly file: string;
  readonly position: Position;
  /** State of the engine, plain layout, by name. */
  readonly tensors: Readonly<Record<string, DenseArray>>;
  /** Each image's cluster at every level, if there was a clustering. */
  readonly assignments: readonly Int32Array[];
}

const assignmentName = (level: number): string => `assignment/${level}`;
const kept = 3;

/**
 * Writes a checkpoint, then removes all but the last three, and the last that is still wanted.
 *
 * @param isWanted - given the number of updates before a checkpoint
 * @returns its file
 */
export async function saveCheckpoint(
  run: RunFolder,
  checkpoint: Omit<Checkpoint, "file">,
  isWanted: (updates: number) => boolean,
): Promise<string> {
  const file = join(run.checkpoints, `step-${String(checkpoint.position.step).padStart(8, "0")}.safetensors`);
  const clusters = Object.fromEntries(
    checkpoint.assignments.map((data, l) => [assignmentName(l), { shape: [data.length], data }]),
  );
  await writeTensors(
    file,
    { ...checkpoint.tensors, ...clusters },
    { position: JSON.stringify(checkpoint.position), format: "hcsc-checkpoint-1" },
  );
  await run.pruneCheckpoints(kept, isWanted);
  return file;
}

/** The number of updates before a checkpoint, from its file name. */
export const stepOf = (file: string): number => Number(/\d+/.exec(basename(file))?.[0]);

/** Reads a checkpoint file. @throws CheckpointError if it is damaged or no checkpoint */
export async function readCheckpoint(file: string): Promise<Checkpoint> {
  const { metadata, tensors } = await readTensors(file);
  if (metadata.format !== "hcsc-checkpoint-1")
    throw new CheckpointError(
      "unknown-format",
      said`${{ file }} is no checkpoint of this software (format ${metadata.format ?? "not given"})`,
    );
  const assignments: Int32Array[] = [];
  for (let l = 0; tensors.has(assignmentName(l)); l++)
    assignments.push(tensors.get(assignmentName(l))?.data as Int32Array);
  const state = [...tensors].filter(([name]) => !name.startsWith("assignment/"));
  return { file, position: JSON.parse(metadata.position), tensors: Object.fromEntries(state), assignments };
}

/** The newest checkpoint of a run. @throws CheckpointError if there is none, or it is damaged: an older one is then named */
export async function latestCheckpoint(run: RunFolder): Promise<Checkpoint> {
  const files = await run.listCheckpoints();
  const last = files.at(-1);
  if (!last) throw new CheckpointError("missing", said`${{ file: run.path }} has no checkpoint yet: train it first`);
  try {
    return await readCheckpoint(last);
  } catch (cause) {
    const before = files.at(-2);
    const remedy = before ? `Delete it to go on from ${before}` : "There is no older one: train again";
    throw new CheckpointError(
      cause instanceof CheckpointError ? cause.code : "damaged",
      said`${cause as Error}. ${remedy}`,
      { cause },
    );
  }
}

/** An encoder's tensors in a checkpoint, by torchvision name. */
export function encoderWeights(checkpoint: Checkpoint, which: "query" | "key"): Record<string, DenseArray> {
  const prefix = state[which]("");
  return Object.fromEntries(
    Object.entries(checkpoint.tensors).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}
