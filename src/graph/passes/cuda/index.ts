/**
 * Graphs for NVIDIA's cards by kernels of this library's own (`src/cuda`), which ONNX Runtime has none of: batch normalisation in training
 * form with what follows it, gradients of filters and of pooling. Nodes of the domain `hcsc.cuda`; the rest is standard ONNX.
 */
import { decodeModel } from "../../../onnx/index.js";
import { buildModel } from "../../model.js";
import { readIfKnown } from "../../read.js";
import { expandComposites } from "../expand/index.js";
import { withOutputs } from "../outputs.js";
import { convolutions, normalizations } from "./native.js";
import { withoutNatives } from "./standard.js";

export { fusedNatives } from "./fused.js";
export { nativeConvolutions } from "./native.js";

/** What composites become. */
export const forCuda = { ...normalizations, ...convolutions };
/** The same where convolutions are in float16, which ONNX Runtime's own kernels do. */
export const forHalfCuda = normalizations;

/** A model in standard ops; itself if it has no others, or some that `readModel` does not take. */
export function standardModel(model: Uint8Array): Uint8Array {
  if (decodeModel(model).nodes.every(({ domain }) => domain === "")) return model;
  const graph = readIfKnown(model);
  return graph ? buildModel(withOutputs(graph, (outputs) => expandComposites(withoutNatives(outputs)))) : model;
}
