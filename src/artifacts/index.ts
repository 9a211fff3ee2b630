/**
 * A recipe's graphs and the ONNX models made of them: the training step (one graph, or gradient and apply), what follows a
 * clustering, a linear classifier's step, and the encoder for inference; and the names by which the trainer and the graphs meet.
 */
export { type ClassifierSettings, classifierFeeds, classifierSpecs, classifierStep } from "./classifier.js";
export {
  type EncoderSettings,
  encoderModel,
  encoderSettings,
  encoderSpecs,
  imageEncoderModel,
  initialEncoder,
} from "./encoder.js";
export { packState, unpackState } from "./filterMemory.js";
export { firstScale } from "./lossScale.js";
export { feeds, isFed, isTrainable, next, results, state } from "./names.js";
export { prepareGraph } from "./prepare.js";
export {
  compile,
  compileRepeated,
  localSizes,
  type Program,
  prepareProgram,
  stepPrograms,
  stepSettings,
  type Target,
} from "./programs.js";
export { stepCount } from "./repeat.js";
export { applyStep, fusedStep, gradientStep, type Phase, type Precision, type StepSettings } from "./step.js";
