/**
 * Replays: a fixture's case (its inputs and every random draw) computed by the product's own parts, one function a kind. What
 * it computes never depends on the expected outputs, which it cannot read. Nothing here is Node's.
 */
import type { DenseArray } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { Engine } from "../engine/index.js";
import { UsageError } from "../errors.js";
import { replayOperations, replayPipeline } from "./augment.js";
import { Case, type Tensors } from "./case.js";
import { replayLloyd, replayQuality, replayTemperature } from "./cluster.js";
import { replayAveragePrecision, replayClusteringScores, replayKnn } from "./evaluation.js";
import { replayLoss } from "./loss.js";
import { replayOptimizer } from "./optimizer.js";
import { replayTrain } from "./train.js";

/** By `kind`, or `kind/part` where a kind has parts. */
const replays: Readonly<Record<string, (c: Case) => Promise<Tensors>>> = {
  loss: replayLoss,
  train: replayTrain,
  optimizer: replayOptimizer,
  "cluster/lloyd": replayLloyd,
  "cluster/temperature": replayTemperature,
  "cluster/quality": replayQuality,
  "eval/knn": replayKnn,
  "eval/clustering": replayClusteringScores,
  "eval/map": replayAveragePrecision,
  "augment/operations": replayOperations,
  "augment/pipeline": replayPipeline,
};

/**
 * The outputs of a case, under their documented names (`out.…`).
 *
 * @param config - the case's settings, as its file's metadata holds them
 * @param tensors - its inputs by name; expected outputs among them are ignored
 * @param target - what training's programs are compiled for, of the engine
 * @throws UsageError if the kind is unknown; DataError if an input is missing
 */
export async function replayCase(
  config: Readonly<Record<string, unknown>>,
  tensors: ReadonlyMap<string, DenseArray>,
  engine: Engine,
  target: CompileTarget,
): Promise<Tensors> {
  const kind = [config.kind, config.part].filter(Boolean).join("/");
  const replay = replays[kind] ?? replays[String(config.kind)];
  if (!replay)
    throw new UsageError(
      "unknown-name",
      `a case of kind ${kind} is unknown; known are ${Object.keys(replays).join(", ")}`,
    );
  return replay(new Case(config, tensors, engine, target));
}
