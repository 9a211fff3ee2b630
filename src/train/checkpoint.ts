/** Checkpoints: everything that the next step needs, in one sealed safetensors file. */
import * as z from "zod";
import type { DenseArray } from "../array.js";
import { CheckpointError, said } from "../errors.js";
import { state } from "../programs/index.js";
import { decodeTensors, encodeSealed, isSealed, type Sha256, unsealed } from "../tensors/index.js";
import type { RunFolder } from "./runFolder.js";

const count = z.int().nonnegative();
const positionSchema = z.object({ epoch: count, batch: count, step: count, enqueued: count }).readonly();

/**
 * Where a run stands: the next batch is batch `batch` of epoch `epoch`; `step` updates are done, and `enqueued` keys have entered
 * the queue, all told.
 */
export type Position = z.infer<typeof positionSchema>;

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
/** Those of software before the seal have none. */
const formats = { now: "hcsc-checkpoint-2", unsealed: "hcsc-checkpoint-1" } as const;

/**
 * Writes a checkpoint, with the metrics before it on the disk, then removes all but the last three, and the last that is still wanted.
 *
 * @param isWanted - given the number of updates before a checkpoint
 * @returns its file
 */
export async function saveCheckpoint(
  run: RunFolder,
  checkpoint: Omit<Checkpoint, "file">,
  isWanted: (updates: number) => boolean,
): Promise<string> {
  const clusters = Object.fromEntries(
    checkpoint.assignments.map((data, l) => [assignmentName(l), { shape: [data.length], data }]),
  );
  await run.flushMetrics();
  const content = encodeSealed(
    { ...checkpoint.tensors, ...clusters },
    { position: JSON.stringify(checkpoint.position), format: formats.now },
    run.files.sha256(),
  );
  const file = await run.saveCheckpoint(checkpoint.position.step, content);
  await run.pruneCheckpoints(kept, isWanted);
  return file;
}

/** The checkpoint that a file's bytes are. @throws CheckpointError if they are damaged, or no checkpoint */
export function decodeCheckpoint(bytes: Uint8Array, file: string, hash: Sha256): Checkpoint {
  const content = decodeTensors(bytes, file);
  const { format = "not given" } = content.metadata;
  if (!Object.values<string>(formats).includes(format))
    throw new CheckpointError("unknown-format", said`${{ file }} is no checkpoint of this software (format ${format})`);
  const isOld = format === formats.unsealed && !isSealed(content);
  const { metadata, tensors } = isOld ? content : unsealed(bytes, content, file, hash);
  const assignments: Int32Array[] = [];
  for (let l = 0; tensors.has(assignmentName(l)); l++)
    assignments.push(tensors.get(assignmentName(l))?.data as Int32Array);
  const state = [...tensors].filter(([name]) => !name.startsWith("assignment/"));
  return { file, position: positionOf(metadata.position, file), tensors: Object.fromEntries(state), assignments };
}

function positionOf(text: string | undefined, file: string): Position {
  try {
    return positionSchema.parse(JSON.parse(text ?? "null"));
  } catch (cause) {
    throw new CheckpointError(
      "damaged",
      said`${{ file }} is damaged: its position, ${text ?? "which is missing"}, is none. Restore it from a copy`,
      { cause },
    );
  }
}

/**
 * The checkpoints of a run, the newest first. Damaged ones are passed over.
 *
 * @param onDamaged - told of each of those, in words
 * @throws CheckpointError if a file cannot be read for another reason, or if there are some, but none that is sound
 */
export async function* soundCheckpoints(
  run: RunFolder,
  onDamaged: (message: string) => void,
): AsyncGenerator<Checkpoint> {
  const names = await run.checkpointNames();
  const damages: string[] = [];
  for (const name of names.toReversed()) {
    const bytes = await run.files.read(name);
    if (!bytes) continue; // another process has removed it since
    try {
      yield decodeCheckpoint(bytes, run.files.at(name), run.files.sha256());
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      damages.push(error.message);
      onDamaged(`${error.message}. The checkpoint before it is taken`);
    }
  }
  if (damages.length > 0 && damages.length === names.length)
    throw new CheckpointError(
      "damaged",
      said`none of the ${damages.length} checkpoints of ${{ file: run.path }} is sound: ${damages[0]}, or train anew in another folder`,
    );
}

/** An encoder's tensors in a checkpoint, by torchvision name. */
export function encoderWeights(
  checkpoint: Pick<Checkpoint, "tensors">,
  which: "query" | "key",
): Record<string, DenseArray> {
  const prefix = state[which]("");
  return Object.fromEntries(
    Object.entries(checkpoint.tensors).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}
