/** Where a run that ended with numbers which are not finite went wrong, and the checkpoint to go on from. */
import type { DenseArray } from "../array.js";
import { type Checkpoint, latestCheckpoint, readCheckpoint, stepOf } from "./checkpoint.js";
import type { Metric, RunFolder } from "./runFolder.js";

/** So many times the usual is wild, of the gradient's norm and of the loss. */
const wild = { gradientNorm: 20, loss: 5 } as const;
/** Steps in a row that are not wild, by which what came before was no damage. */
const calm = 20;

/**
 * The first step of a run whose numbers show damage: the first wild one that no calm stretch follows, else the one that failed.
 *
 * @param metrics - lines of `metrics.jsonl`, in order
 * @returns null if the run's last session did not fail
 */
export function damagedFrom(metrics: readonly Metric[]): number | null {
  const failure = metrics.at(-1);
  if (failure?.kind !== "failure") return null;
  const steps = metrics.filter((m) => m.kind === "step");
  const isWild = wildness(steps);
  let [first, quiet] = [failure.step, 0];
  for (let i = steps.length - 1; i >= 0 && quiet < calm; i--) {
    quiet = isWild[i] ? 0 : quiet + 1;
    if (isWild[i]) first = steps[i].step;
  }
  return first;
}

function wildness(steps: readonly Metric[]): readonly boolean[] {
  const fields = Object.entries(wild).map(([field, times]) => {
    const values = steps.map((step) => Number(step[field] ?? Number.NaN));
    const finite = values.filter(Number.isFinite).sort((a, b) => a - b);
    // The lower quartile: damage may fill most of a short run.
    return { values, most: times * (finite[Math.floor(finite.length / 4)] ?? Number.POSITIVE_INFINITY) };
  });
  return steps.map((_, i) => fields.some(({ values, most }) => !(values[i] <= most)));
}

/**
 * Where a run goes on: its last checkpoint, or after a failure the last from before the damage whose tensors are finite. Of none
 * such, the oldest that is left.
 *
 * @returns null if there is no checkpoint yet
 * @throws CheckpointError if the one to take is damaged on disk
 */
export async function resumeCheckpoint(run: RunFolder): Promise<Checkpoint | null> {
  const files = await run.listCheckpoints();
  if (files.length === 0) return null;
  const from = damagedFrom(await run.metrics());
  if (from === null) return latestCheckpoint(run);
  for (const file of files.toReversed()) {
    // The step before the first wild one made the weights that it met.
    if (stepOf(file) >= from - 1 && stepOf(file) > 0) continue;
    const checkpoint = await readCheckpoint(file);
    if (Object.values(checkpoint.tensors).every(isAllFinite)) return checkpoint;
  }
  return readCheckpoint(files[0]);
}

const isAllFinite = ({ data }: DenseArray): boolean => !(data instanceof Float32Array) || data.every(Number.isFinite);
