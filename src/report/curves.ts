/** The curves of a run: its steps' metrics, thinned to what a page can draw, and its epochs'. */
import type { EpochMetric, Metric, StepMetric } from "../train/index.js";
import type { Curves } from "./data.js";

const mostPoints = 2000;

/** Steps thinned as by `fewerSteps`, and epochs. */
export function curvesOf(metrics: readonly Metric[], most: number = mostPoints): Curves {
  const ofKind = (kind: Metric["kind"]): readonly unknown[] => metrics.filter((m) => m.kind === kind);
  return {
    steps: fewerSteps(ofKind("step") as readonly StepMetric[], most),
    epochs: ofKind("epoch") as readonly EpochMetric[],
  };
}

/** Of more steps than `most`, each point is the mean of several, named by the last of them. */
export function fewerSteps(steps: readonly StepMetric[], most: number): readonly StepMetric[] {
  const together = Math.max(1, Math.ceil(steps.length / most));
  return Array.from({ length: Math.ceil(steps.length / together) }, (_, p) =>
    meanStep(steps.slice(p * together, (p + 1) * together)),
  );
}

function meanStep(steps: readonly StepMetric[]): StepMetric {
  const last = steps.at(-1) as StepMetric;
  const number = (field: "loss" | "learningRate" | "gradientNorm" | "meanEmbeddingNorm" | "lossScale"): number =>
    mean(steps.map((s) => s[field]));
  const list = (field: "terms" | "instanceKept" | "prototypeKept"): number[] | undefined =>
    last[field]?.map((_, i) => mean(steps.map((s) => s[field]?.[i])));
  const [instanceKept, prototypeKept] = [list("instanceKept"), list("prototypeKept")];
  return {
    kind: "step",
    step: last.step,
    epoch: last.epoch,
    loss: number("loss"),
    terms: list("terms") ?? [],
    learningRate: number("learningRate"),
    gradientNorm: number("gradientNorm"),
    meanEmbeddingNorm: number("meanEmbeddingNorm"),
    ...(last.lossScale === undefined ? {} : { lossScale: number("lossScale") }),
    ...(instanceKept ? { instanceKept } : {}),
    ...(prototypeKept ? { prototypeKept } : {}),
  };
}

/** Of those that are numbers: a file has null where one was not finite, and nothing where there was none yet. */
function mean(values: readonly (number | null | undefined)[]): number {
  const numbers = values.filter((v): v is number => typeof v === "number" && Number.isFinite(v));
  return numbers.reduce((sum, v) => sum + v, 0) / numbers.length;
}
