/**
 * The parts of training, for those who build their own (`hcsc/training`): a recipe's graphs as ONNX models, engines that run them and
 * hold their state, images loaded ahead in threads, runs with checkpoints; tensor files; and ONNX Runtime's own on-device training:
 * its artifacts and checkpoints written and read without Python.
 *
 * @module hcsc/training
 */

export type { CompileTarget } from "./compileTarget.js";
export {
  type Batch,
  type BatchRequest,
  type ClosableImages,
  describeImages,
  describeSource,
  type EvaluationPolicy,
  type ImageSource,
  type Loader,
  type LoaderOptions,
  type OpenOptions,
  openImages,
  openLoader,
  openSource,
  type SourceDescription,
  type ViewPolicy,
} from "./data/index.js";
export { emitGraphs, onDisk } from "./disk/index.js";
export { type Engine, nearestCentroidOn, similarityOn } from "./engine/index.js";
export { decodeModel, encodeModel } from "./onnx/index.js";
export {
  decodeCheckpoint,
  encodeCheckpoint,
  type TrainingArtifacts,
  TrainingRun,
  trainingArtifacts,
} from "./ortTraining/index.js";
export type { Precision } from "./precision.js";
export {
  type EncoderSettings,
  encoderModel,
  encoderSettings,
  feeds,
  fusedStep,
  initialEncoder,
  type Levels,
  type Phase,
  type PixelStatistics,
  type Program,
  prepareProgram,
  results,
  type StepSettings,
  state,
  stepPrograms,
  stepSettings,
} from "./programs/index.js";
export { chooseTarget, type EngineOptions, openEngine } from "./runtime/index.js";
export { readTensors, writeTensors } from "./tensorfile/index.js";
export {
  type Checkpoint,
  clusterEmbeddings,
  type EpochMetric,
  embedImages,
  encoderWeights,
  inEpochs,
  type LearnedLevel,
  lastSoundCheckpoint,
  learnedHierarchy,
  type Protocol,
  protocols,
  type RunDescription,
  type RunFiles,
  RunFolder,
  type StepMetric,
  type TrainOptions,
  type TrainResult,
  train,
} from "./train/index.js";
