/**
 * HCSC in a page (`hcsc/web`): the trainer, recipes, clustering and checkpoints of Node, on WebGPU or in WebAssembly. Nothing here is
 * Node's, and nothing leaves the machine. The worker of an engine calls `serveEngine` of `hcsc/web/engine`, those of a
 * loader `serveLoader` of `hcsc/web/loader`.
 *
 * @module hcsc/web
 */
export type { DenseArray, Matrix } from "./array.js";
export type { CompileTarget } from "./compileTarget.js";
export type { Batch, BatchRequest, EvaluationPolicy, ImageSource, Loader, Picture, ViewPolicy } from "./data/index.js";
export { type CrossCheck, type Engine, targetOf } from "./engine/index.js";
export * from "./errors.js";
export { encoderModel, encoderSettings } from "./programs/index.js";
export { parseRecipe, pixelStatistics, type Recipe, type RecipeInput, recipeJsonSchema } from "./recipe/index.js";
export {
  type Checkpoint,
  type Embedded,
  embedImages,
  encoderWeights,
  type LearnedLevel,
  lastSoundCheckpoint,
  learnedHierarchy,
  placeInHierarchy,
  type Reporter,
  type RunDescription,
  type RunFiles,
  RunFolder,
  type TrainEvent,
  type TrainOptions,
  type TrainResult,
  train,
} from "./train/index.js";
export {
  inDirectory,
  type OpenImagesOptions,
  openEngine,
  openImages,
  openLoader,
  type PageImage,
  type PageImages,
  type PageLoaderOptions,
  type SkippedImage,
  type WebEngineOptions,
  type WebProvider,
} from "./web/index.js";
