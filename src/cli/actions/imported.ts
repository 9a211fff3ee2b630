/** Weights from elsewhere on the command line: what of them fitted, in words, and the recipe that they ask for. */
import {
  type Encoder,
  encoderOfWeights,
  type Origin,
  openTrained,
  originOf,
  originOfFile,
} from "../../encoder/index.js";
import { UsageError } from "../../errors.js";
import type { Learner, LearnerOptions } from "../../learner/index.js";
import { table } from "../../text.js";
import { encoderWeights } from "../../train/index.js";
import { type FitReport, misfits } from "../../weights/index.js";
import { warn } from "../print.js";
import { type EngineFlags, withLearner } from "./session.js";

export interface EncoderFlags {
  readonly run?: string;
  readonly weights?: string;
  readonly size?: number;
}

/** Whether `--run` is given, not `--weights`. @throws UsageError unless one of them is */
export function isOfRun<F extends EncoderFlags>(flags: F): flags is F & { readonly run: string } {
  if ((flags.run === undefined) === (flags.weights === undefined))
    throw new UsageError("not-given", "give --run, a run folder, or --weights, a file of weights: one of them");
  if (flags.run !== undefined && flags.size !== undefined)
    throw new UsageError("contradiction", "--size goes with --weights: a run has its size in its recipe");
  return flags.run !== undefined;
}

/** The query encoder of `--run`, or the one of `--weights`, without an engine, and where it is from. */
export async function chosenEncoder(
  flags: EncoderFlags,
): Promise<Pick<Encoder, "recipe" | "weights"> & { readonly origin: Origin }> {
  if (!isOfRun(flags)) {
    const { report, ...chosen } = await encoderOfWeights(flags.weights as string, flags.size);
    return { ...chosen, origin: originOfFile(report) };
  }
  const trained = await openTrained(flags.run, warn);
  const { recipe, checkpoint } = trained;
  return { recipe, weights: encoderWeights(checkpoint, "query"), origin: originOf(trained) };
}

/** Opens a learner on `--weights`. */
export const onWeights = <T>(
  flags: EngineFlags & EncoderFlags,
  images: string,
  use: (learner: Learner) => Promise<T>,
  options: LearnerOptions = {},
): Promise<T> =>
  withLearner(flags, { weights: flags.weights, size: flags.size, images, keepDecoded: false, ...options }, use);

/** What of a file fitted, for people. */
export const fitLines = (report: FitReport): readonly string[] => {
  const { file, format, layout, matched, others, head, adapted } = report;
  return table([
    ["weights", file],
    ["format, names", `${format}, ${layout}`],
    ["tensors taken", String(matched)],
    ...misfits(report).map((what) => ["left out", what]),
    ["of other things", `${others} (momentum encoder, queue, classifier, counters)`],
    ["head", head === "file" ? "the file's" : "as the seed starts it: features do not need it"],
    ...adapted.map((what) => ["made to fit", what]),
  ]);
};
