/**
 * Graphs of ONNX ops and their gradients (`hcsc/graph`). Ops are functions of symbolic tensors that check inputs,
 * attributes, dtypes and shapes when called; an attribute that an op does not have does not compile. `differentiate` gives
 * gradients as more ops of the same graph; `expandComposites` puts those that no runtime has into standard ops; `buildModel`
 * writes an ONNX file that every runtime takes, `readModel` reads one, and `differentiateModel` makes one trainable. The training graphs of this library are made here; so can be anybody's own:
 *
 * ```ts
 * const x = input("x", ["batch", 4]);
 * const w = input("w", [4, 3]);
 * const target = input("target", ["batch"], "int64");
 * const loss = mean(crossEntropy(matMul(x, w), target));
 * const [gradient] = differentiate(loss, [w]);
 * const updated = sub(w, mul(gradient, 0.1));
 * const bytes = buildModel({ name: "step", inputs: [x, w, target], outputs: { loss, w_next: updated } });
 * ```
 *
 * @module hcsc/graph
 */
export * from "./apply.js";
export * from "./compose.js";
export { differentiate } from "./differentiate.js";
export { buildModel, describeModel, type Graph, namedConstant } from "./model.js";
export {
  type AttributesOf,
  type Composite,
  composites,
  type FilledNative,
  type NativeOp,
  native,
  nativeAttributes,
  nativeDomain,
  type OpType,
  windowOf,
} from "./ops/index.js";
export {
  asConvolution,
  convolveInHalf,
  cudaModel,
  deviceForm,
  type Expansion,
  exactModel,
  expandComposites,
  type Family,
  fewNodes,
  flatten,
  flattenBroadcasts,
  forCuda,
  forDevices,
  forHalfCuda,
  forHalfDevices,
  forTrainingBuild,
  fusedNatives,
  inGroups,
  memberOrder,
  portable,
  type Rewrite,
  rewriteGraph,
  roundedModel,
  standardModel,
  webGpuModel,
  withOutputs,
} from "./passes/index.js";
export { readModel } from "./read.js";
export * from "./reshaping.js";
export { isStatic } from "./shapes.js";
export { differentiateModel, type TrainableGraph, withWeights } from "./trainable.js";
export {
  type Attributes,
  type Constant,
  constant,
  type Dimension,
  type DType,
  describe,
  input,
  inputsOf,
  ints,
  known,
  type Node,
  producer,
  type Shape,
  scalar,
  scope,
  scopeAt,
  topological,
  type Value,
} from "./value.js";
