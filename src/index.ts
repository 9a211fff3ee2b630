/**
 * HCSC for Node: train an encoder on unlabelled images, embed with it, and get a hierarchy of the data. Every command of
 * `hcsc` is a few calls of what is exported here. The graph builder is `hcsc/graph`; ONNX Runtime's own training artifacts are
 * `hcsc/training`.
 */
export type { DenseArray, Matrix } from "./array.js";
export {
  compile,
  type EncoderSettings,
  encoderModel,
  encoderSettings,
  fusedStep,
  type Program,
  prepareProgram,
  type StepSettings,
  stepPrograms,
  stepSettings,
  type Target,
} from "./artifacts/index.js";
export * from "./cluster/index.js";
export * from "./data/index.js";
export * from "./errors.js";
export * from "./eval/index.js";
export * from "./log/index.js";
export * from "./organize/index.js";
export * from "./recipe/index.js";
export * from "./runtime/index.js";
export * from "./sweep/index.js";
export * from "./tensorfile/index.js";
export * from "./train/index.js";
export * from "./weights/index.js";
