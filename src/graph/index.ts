/**
 * Graphs of ONNX ops and their gradients (`hcsc/graph`). Ops are functions of symbolic tensors that check dtypes and shapes
 * when called; `differentiate` gives gradients as more ops of the same graph; `buildModel` writes an ONNX file that every
 * runtime takes, `readModel` reads one. The training graphs of this library are made here; so can be anybody's own.
 */
export * from "./apply.js";
export * from "./compose.js";
export { differentiate } from "./differentiate.js";
export { type Expansion, expandComposites, portable } from "./expand.js";
export { buildModel, describeModel, type Graph, namedConstant } from "./model.js";
export { type Composite, composites, type OpType } from "./ops.js";
export { readModel } from "./read.js";
export { type Rewrite, rewriteGraph } from "./rewrite.js";
export { isStatic } from "./shapes.js";
export { differentiateModel, type TrainableGraph } from "./trainable.js";
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
