/** A step whose numbers are not finite: it is noted in the run, and the error says how to go on. */
import type { DenseArray } from "../array.js";
import { said, TrainingError } from "../errors.js";
import { resumePoint } from "./damage.js";
import type { StepMetric } from "./metrics.js";
import type { RunFolder } from "./runFolder.js";

/** @param tensors - the state after the step, to name the first that is damaged */
export async function notFinite(
  run: RunFolder,
  { step, epoch, loss, gradientNorm }: StepMetric,
  tensors: Readonly<Record<string, DenseArray>>,
): Promise<TrainingError> {
  const bad = Object.entries(tensors).find(
    ([, { data }]) => data instanceof Float32Array && !data.every(Number.isFinite),
  )?.[0];
  await run.append({ kind: "failure", step, epoch, loss, gradientNorm });
  const point = await resumePoint(run, () => {}); // said when the run goes on
  const which = Number.isFinite(loss) ? "gradient" : "loss";
  const remedy = `give it a lower optimizer.learningRate than ${run.description.recipe.optimizer.learningRate}, or optimizer.clipNorm=1`;
  const train = `train anew, and ${remedy}`;
  const goOn =
    point === null
      ? `There is no checkpoint from before: ${train}`
      : point.damagedFrom === null
        ? `The last checkpoint before the damage is ${point.checkpoint.file}, from which the run goes on: ${remedy}`
        : `The numbers began to grow at step ${point.damagedFrom}, and no checkpoint from before is left: ${train}`;
  const others = ["learningRate", "set"] as const;
  const where = bad ? said`; the first tensor with such a number is ${{ tensor: bad }}` : "";
  return new TrainingError(
    "not-finite",
    said`step ${step}: the ${which} is not finite (loss ${loss}, gradient norm ${gradientNorm})${where}. ${goOn}`,
    { settings: point?.damagedFrom === null ? ["resume", ...others] : others },
  );
}
