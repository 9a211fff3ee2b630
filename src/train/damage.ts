/** Where a run's numbers went wrong before they stopped being finite, and the checkpoint to go on from. */
import type { DenseArray } from "../array.js";
import { CheckpointError, said } from "../errors.js";
import { type Checkpoint, soundCheckpoints } from "./checkpoint.js";
import type { StepMetric } from "./metrics.js";
import type { Metric, RunFolder } from "./runFolder.js";

/** Values this many times those of the calmest stretch before are wild; the rise began where they passed the square root of it. */
const wild = { gradientNorm: 20, loss: 5 } as const;
type Watched = keyof typeof wild;
const fields = Object.keys(wild) as readonly Watched[];

/** Steps in a stretch; after this many in a row that are not wild the damage counts as healed. */
const stretch = 20;
/** Steps after which those of a young run count as a stretch. */
const shortest = 4;

/** Follows a run step by step. */
export class DamageWatch {
  /** The step at which the present damage began; null while there is none. */
  from: number | null = null;
  private lastSound = 0;
  private quiet = 0;
  private phase: boolean | null = null;
  private recent: Record<Watched, number[]> = { gradientNorm: [], loss: [] };
  private calmest: Record<Watched, number> = { gradientNorm: Infinity, loss: Infinity };

  observe(step: Pick<StepMetric, "step" | Watched | "instanceKept">): void {
    const isSelective = step.instanceKept !== undefined;
    if (isSelective !== this.phase) this.begin(isSelective);
    const ratios = fields.map((field) => ({ times: wild[field], ratio: this.ratio(field, step[field]) }));
    const isBelow = (limit: (times: number) => number) => ratios.every(({ times, ratio }) => ratio <= limit(times));
    if (isBelow(Math.sqrt)) this.lastSound = step.step;
    this.quiet = isBelow((times) => times) ? this.quiet + 1 : 0;
    if (this.quiet === 0) this.from ??= this.lastSound + 1;
    else if (this.quiet >= stretch) this.from = null;
    for (const field of fields) this.learn(field, step[field]);
  }

  /** Each phase has another loss: the numbers of one are no measure for the other. */
  private begin(isSelective: boolean): void {
    this.phase = isSelective;
    this.recent = { gradientNorm: [], loss: [] };
    this.calmest = { gradientNorm: Infinity, loss: Infinity };
  }

  /** A value as a multiple of the calmest stretch; infinite if it is not finite. */
  private ratio(field: Watched, value: number | null): number {
    if (value === null || !Number.isFinite(value)) return Infinity;
    return this.calmest[field] === Infinity ? 0 : value / this.calmest[field];
  }

  private learn(field: Watched, value: number | null): void {
    if (value === null || !Number.isFinite(value)) return;
    const recent = this.recent[field];
    recent.push(value);
    if (recent.length > stretch) recent.shift();
    const median = recent.toSorted((a, b) => a - b)[recent.length >> 1];
    if (recent.length >= shortest) this.calmest[field] = Math.min(this.calmest[field], median);
  }
}

/**
 * The first step of a run whose numbers show damage: where those that led to the failure began to rise, else the one that failed.
 *
 * @param metrics - lines of `metrics.jsonl`, in order
 * @returns null if the run's last session did not fail
 */
export function damagedFrom(metrics: readonly Metric[]): number | null {
  const failure = metrics.at(-1);
  if (failure?.kind !== "failure") return null;
  const watch = new DamageWatch();
  for (const metric of metrics) if (metric.kind === "step") watch.observe(metric as Metric & StepMetric);
  return watch.from ?? failure.step;
}

/** Whether a checkpoint after this many updates is from before the damage. The first damaged step ran on weights of the step before it. */
export const isBefore = (updates: number, from: number): boolean => updates < from - 1 || updates === 0;

export interface ResumePoint {
  readonly checkpoint: Checkpoint;
  /** Where the damage began, if no checkpoint from before it is left: the oldest is then given. */
  readonly damagedFrom: number | null;
}

/**
 * Where a run goes on: its last sound checkpoint, or after a failure the last from before the damage whose tensors are finite.
 *
 * @param onDamaged - told of checkpoints that are damaged on disk, and passed over
 * @returns null if there is no checkpoint yet
 * @throws CheckpointError if there are some, but none that is sound
 */
export async function resumePoint(run: RunFolder, onDamaged: (message: string) => void): Promise<ResumePoint | null> {
  const from = damagedFrom(await run.metrics());
  let oldest: Checkpoint | null = null;
  for await (const checkpoint of soundCheckpoints(run, onDamaged)) {
    const isSound =
      from === null ||
      (isBefore(checkpoint.position.step, from) && Object.values(checkpoint.tensors).every(isAllFinite));
    if (isSound) return { checkpoint, damagedFrom: null };
    oldest = checkpoint;
  }
  return oldest && { checkpoint: oldest, damagedFrom: from };
}

/**
 * What a run has learned: the checkpoint that it would go on from.
 *
 * @param onDamaged - told of checkpoints that are damaged on disk, and passed over
 * @throws CheckpointError if there is none
 */
export async function lastSoundCheckpoint(run: RunFolder, onDamaged: (message: string) => void): Promise<Checkpoint> {
  const point = await resumePoint(run, onDamaged);
  if (!point) throw new CheckpointError("missing", said`${{ file: run.path }} has no checkpoint yet: train it first`);
  return point.checkpoint;
}

const isAllFinite = ({ data }: DenseArray): boolean => !(data instanceof Float32Array) || data.every(Number.isFinite);
