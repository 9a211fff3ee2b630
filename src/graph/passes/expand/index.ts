/**
 * The portable form of the composites: standard ONNX ops only, so that any runtime takes the graph. Every other lowering is
 * tested against this one.
 */
import { add, clip, div, erf, log, max, mul, softmax, sqrt, sub, sum, sumOfSquares, where } from "../../apply.js";
import { scoresAmong } from "../../compose.js";
import { type Composite, runtimeDomain } from "../../ops/index.js";
import { node, type Value } from "../../value.js";
import { type Rewrite, rewriteGraph } from "../rewrite.js";
import { batchNormGrad, batchNormTrain } from "./batchNorm.js";
import { convGradInput, convGradWeight, deviceConvGradInput, turnedConvGradInput } from "./convolution.js";
import { fewNodesBatchNormGrad, fewNodesBatchNormTrain } from "./deviceBatchNorm.js";
import { deviceConvGradWeight, halfConvGradWeight } from "./deviceFilters.js";
import { deviceMaxPoolGrad } from "./devicePooling.js";
import type { Expansion } from "./expansion.js";
import { maxPoolGrad } from "./pooling.js";
import { trainingConvGradWeight } from "./training.js";

export type { Expansion } from "./expansion.js";

/** What composites become for any runtime: standard ONNX ops. */
export const portable: Readonly<Record<Composite, Expansion>> = {
  ConvGradInput: convGradInput,
  ConvGradWeight: convGradWeight,
  BatchNormTrain: batchNormTrain,
  BatchNormGrad: batchNormGrad,
  ExactGelu: ([x]) => [mul(mul(x, 0.5), add(erf(div(x, Math.SQRT2)), 1))], // as ONNX Runtime knows it, which makes it one kernel
  UnitRows([x], { floor }) {
    const length = clip(sqrt(sum(mul(x, x), [1], true)), floor as number, null);
    return [div(x, length), length];
  },
  // ln Σ eˣ = max − ln of the largest share: the largest is no smaller than 1/W, so its logarithm is finite
  CrossEntropyAmong([x, among, picked]) {
    const scores = scoresAmong(x, among);
    const total = sub(max(scores, [-1], true), log(max(softmax(scores), [-1], true)));
    return [sub(total, sum(where(picked, scores, 0), [-1], true))];
  },
  MaxPoolGrad: maxPoolGrad,
  SumOfSquares: (tensors) => [tensors.map((t) => sum(mul(t, t))).reduce((a, b) => add(a, b))],
};

type Forms = Partial<Readonly<Record<Composite, Expansion>>>;

/**
 * x·Φ(x) by ONNX Runtime's own op, which it makes of the standard ones itself on some providers. Reading a model gives the composite
 * back.
 */
const runtimeGelu: Expansion = (inputs, a) => {
  const [{ dtype, shape }] = inputs;
  return dtype === "float32"
    ? node("Gelu", inputs, {}, [{ dtype, shape }], runtimeDomain).outputs
    : portable.ExactGelu(inputs, a);
};

/** Forms that providers other than the CPU's prefer: standard ops as well but for `Gelu`, and few of them. */
export const forDevices: Forms = {
  ExactGelu: runtimeGelu,
  ConvGradInput: deviceConvGradInput,
  ConvGradWeight: deviceConvGradWeight,
  BatchNormTrain: fewNodesBatchNormTrain,
  BatchNormGrad: fewNodesBatchNormGrad,
  MaxPoolGrad: deviceMaxPoolGrad,
  SumOfSquares: (tensors) => [sumOfSquares(tensors)], // left to `flatten`, which knows their vector
};

/** The same where convolutions are in float16. */
export const forHalfDevices: Forms = { ...forDevices, ConvGradWeight: halfConvGradWeight };

/** Forms of ONNX Runtime's training build, which no other build runs; dx as it was measured there (`expand/training.ts`). */
export const forTrainingBuild: Forms = {
  ConvGradInput: turnedConvGradInput,
  ConvGradWeight: trainingConvGradWeight,
};

/** `outputs` with every composite replaced by `table`'s form, or else its portable one. */
export function expandComposites(outputs: readonly Value[], table: Forms = {}): readonly Value[] {
  const rule: Rewrite = (node, inputs) => {
    if (node.domain !== "hcsc") return null;
    const expansion = table[node.op as Composite] ?? portable[node.op as Composite];
    return expansion(inputs as readonly Value[], node.attributes);
  };
  return rewriteGraph(outputs, rule);
}
