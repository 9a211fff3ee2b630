/**
 * The front door: images, a recipe and a provider, held together by one object that trains, embeds, measures, finds and exports.
 * The command line is a caller of it like any other.
 */
export { type EngineChoice, openHeardEngine } from "./engine.js";
export { type ImportRequest, importWeights } from "./importing.js";
export { type EmbedSettings, type Hierarchy, Learner, type TrainSettings } from "./learner.js";
export { type LearnerOptions, nodeWarnings, openLearner, withLearner } from "./open.js";
export { type Changes, recipeFor } from "./recipe.js";
export type { TrainedRun } from "./training.js";
