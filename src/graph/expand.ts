/**
 * The portable form of the composites: standard ONNX ops only, so that any runtime takes the graph. Every other lowering is
 * tested against this one.
 */
import { batchNormGrad, batchNormTrain, deviceBatchNormGrad, deviceBatchNormTrain } from "./expand/batchNorm.js";
import { convGradInput, convGradWeight, turnedConvGradInput } from "./expand/convolution.js";
import type { Expansion } from "./expand/expansion.js";
import { maxPoolGrad } from "./expand/pooling.js";
import { trainingConvGradWeight } from "./expand/training.js";
import type { Composite } from "./ops.js";
import { type Rewrite, rewriteGraph } from "./rewrite.js";
import type { Value } from "./value.js";

export type { Expansion } from "./expand/expansion.js";

export const portable: Readonly<Record<Composite, Expansion>> = {
  ConvGradInput: convGradInput,
  ConvGradWeight: convGradWeight,
  BatchNormTrain: batchNormTrain,
  BatchNormGrad: batchNormGrad,
  MaxPoolGrad: maxPoolGrad,
};

/** Forms that providers other than the CPU's prefer: standard ops as well. */
export const forDevices: Partial<Readonly<Record<Composite, Expansion>>> = {
  ConvGradInput: turnedConvGradInput,
  BatchNormTrain: deviceBatchNormTrain,
  BatchNormGrad: deviceBatchNormGrad,
};

/** Forms of ONNX Runtime's training build, which no other build runs; dx as it was measured there (`expand/training.ts`). */
export const forTrainingBuild: Partial<Readonly<Record<Composite, Expansion>>> = {
  ConvGradInput: turnedConvGradInput,
  ConvGradWeight: trainingConvGradWeight,
};

/** `outputs` with every composite replaced by `table`'s form, or else its portable one. */
export function expandComposites(
  outputs: readonly Value[],
  table: Partial<Readonly<Record<Composite, Expansion>>> = {},
): readonly Value[] {
  const rule: Rewrite = (node, inputs) => {
    if (node.domain !== "hcsc") return null;
    const expansion = table[node.op as Composite] ?? portable[node.op as Composite];
    return expansion(inputs as readonly Value[], node.attributes);
  };
  return rewriteGraph(outputs, rule);
}
