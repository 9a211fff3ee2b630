/**
 * HCSC for Node: train an encoder on unlabelled images, embed with it, and get a hierarchy of the data.
 *
 * {@link openLearner} is the front door. What it is made of is beside it: `hcsc/graph` (graphs and gradients), `hcsc/nn` (layers and
 * backbones), `hcsc/loss` (the method), `hcsc/optim`, `hcsc/cluster`, `hcsc/eval`, `hcsc/protocols` (how good an encoder is),
 * `hcsc/sweep` (runs compared), and `hcsc/training` (engines, loaders, runs, and ONNX Runtime's own training artifacts).
 *
 * @module hcsc
 */

export type { DenseArray, Matrix } from "./array.js";
export type { GivenImages, HeldImage, HeldImages, NamedSet, OpenImages, Pixels } from "./data/index.js";
export {
  type EmbeddingTable,
  type Encoder,
  type ExportFormat,
  type Layer,
  type MostAlike,
  type Trained,
  writeEmbeddings,
} from "./encoder/index.js";
export { providers } from "./engine/index.js";
export * from "./errors.js";
export {
  type Changes,
  type EmbedSettings,
  type Hierarchy,
  type ImportRequest,
  importWeights,
  Learner,
  type LearnerOptions,
  openLearner,
  type TrainedRun,
  type TrainSettings,
  withLearner,
} from "./learner/index.js";
export { bundledNames, loadRecipe } from "./presets/index.js";
export type { KnnAccuracy } from "./protocols/index.js";
export { parseRecipe, type Recipe, type RecipeInput, recipeJsonSchema } from "./recipe/index.js";
export { autoProvider, examine } from "./runtime/index.js";
export type { Reporter, TrainEvent } from "./train/index.js";
export type { FitReport } from "./weights/index.js";
