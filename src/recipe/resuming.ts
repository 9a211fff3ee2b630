/** What of a recipe may change when a run goes on. */
import { said, UsageError } from "../errors.js";
import type { Precision } from "../precision.js";
import { fieldChanges } from "./fields.js";
import type { Recipe } from "./schema.js";

/**
 * - `free`: no number of the run depends on it
 * - `noted`: numbers change from the resumed step on, so the run's description says when and from what
 *
 * What is not here is fixed: tensors of the checkpoint have shapes by it, or what was learned before means something else under it.
 */
const mayChange: Readonly<Record<string, "free" | "noted">> = {
  checkpointMinutes: "free",
  recompute: "free",
  precision: "noted",
  epochs: "noted",
  "optimizer.learningRate": "noted",
  "optimizer.clipNorm": "noted",
  "optimizer.weightDecay": "noted",
  "schedule.kind": "noted",
  "schedule.warmupEpochs": "noted",
  "schedule.milestones": "noted",
  "schedule.gamma": "noted",
};

/** Precisions that change with no other: a checkpoint holds the scale of their loss. */
const scaled: ReadonlySet<Precision> = new Set(["fp16"]);

/**
 * The changes that a resumed run has to note.
 *
 * @param before - what the run was trained by so far
 * @param now - what it is to go on by
 * @param where - the run, for errors
 * @throws UsageError that names every field that may not change
 */
export function resumeChanges(before: Recipe, now: Recipe, where: string): readonly string[] {
  const changes = fieldChanges(before, now);
  const isFixed = (field: string) =>
    !(field in mayChange) || (field === "precision" && [before, now].some((r) => scaled.has(r.precision)));
  const fixed = changes.filter(({ field }) => isFixed(field));
  if (fixed.length > 0) {
    const changed = { message: fixed.map(({ text }) => text).join("; "), subject: { field: fixed[0].field } };
    throw new UsageError(
      "other-settings",
      said`${{ file: where }} cannot go on so: ${changed}. These may change: ${Object.keys(mayChange).join(", ")} (precision not to or from fp16). Leave the others as they were, or train anew in another folder`,
      { settings: ["out"] },
    );
  }
  return changes.filter(({ field }) => mayChange[field] === "noted").map(({ text }) => text);
}
