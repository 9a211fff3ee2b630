/**
 * A recipe's graphs and the programs (ONNX models with what becomes of their state) compiled of them: the training step (one graph, or gradient and apply), what follows a
 * clustering, a linear classifier's step, and the encoder for inference; and the names by which the trainer and the graphs meet.
 */
export { type ClassifierSettings, classifierFeeds, classifierSpecs, classifierStep } from "./classifier.js";
export {
  compile,
  keyEncoderProgram,
  levelsOf,
  localSizes,
  type Program,
  prepareProgram,
  type RankPrograms,
  rankPrograms,
  stateOf,
  stepPrograms,
  stepSettings,
} from "./compile.js";
export {
  type DrawTable,
  drawTables,
  drawWords,
  stackedWords,
  tableOf,
  type Word,
  wordInputs,
  wordShape,
} from "./draws.js";
export {
  channelsTaken,
  type EncoderSettings,
  encoderModel,
  encoderSettings,
  encoderSpecs,
  imageEncoderModel,
  initialEncoder,
  transformersContent,
} from "./encoder.js";
export { hierarchyInputs } from "./hierarchyInputs.js";
export type { ViewSettings } from "./imageView.js";
export { firstScale } from "./lossScale.js";
export { feeds, isFed, isTrainable, next, results, state } from "./names.js";
export { overwritable } from "./overwritable.js";
export { type PixelStatistics, pixelsModel } from "./pixels.js";
export { prepareGraph } from "./prepare.js";
export { partOf } from "./rankStep.js";
export { memoryOf, packState, type StateMemory, stateMemory } from "./stateMemory.js";
export { applyStep, fusedStep, gradientStep } from "./step.js";
export type { Levels, Phase, StepSettings } from "./stepSettings.js";
export { asStored, type StoredForm, storedForms, withStored } from "./storedWeights.js";
export { stateTensors } from "./vectors.js";
