/**
 * Training: the epoch loop over embedding, clustering and steps; run folders, checkpoints and exact resume; the numbers that
 * say whether it goes well.
 */
export { type Checkpoint, decodeCheckpoint, encoderWeights } from "./checkpoint.js";
export { type ClassifierTraining, type TrainedClassifier, trainClassifier } from "./classifier.js";
export { clusterEmbeddings } from "./clusterStage.js";
export { lastSoundCheckpoint, resumePoint } from "./damage.js";
export { type Embedded, embedImages, evaluationPolicy } from "./embed.js";
export type { Reporter, TrainEvent } from "./events.js";
export { elsewhere } from "./filesElsewhere.js";
export { hasHierarchy, type LearnedLevel, learnedHierarchy, placeInHierarchy } from "./learnedHierarchy.js";
export { chanceLoss, type EpochMetric, type StepMetric } from "./metrics.js";
export { planOf } from "./plan.js";
export { inEpochs, type Protocol, protocols } from "./protocols.js";
export type { RunFiles } from "./runFiles.js";
export {
  type InitialWeights,
  type Metric,
  metricOf,
  type RunDescription,
  RunFolder,
  type Session,
} from "./runFolder.js";
export { requireSameImages } from "./sameImages.js";
export { initialParts, initialState, moveToState, saveStart } from "./start.js";
export { type Together, together } from "./together.js";
export { train } from "./trainer.js";
export type { TrainOptions, TrainResult } from "./trainOptions.js";
