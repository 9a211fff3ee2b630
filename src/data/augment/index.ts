/**
 * Augmentation: views of images for training and evaluation, in exactly Pillow's integer arithmetic (so that they equal
 * torchvision's on PIL images), each a list of operations that is drawn first and carried out after.
 */

export { applyOperation } from "./canvas.js";
export { type EvaluationPolicy, evaluationSteps, evaluationView } from "./evaluationView.js";
export type { Operation } from "./operations.js";
export { drawView, randomView, type ViewPolicy, writeView } from "./randomView.js";
export type { Box } from "./resample.js";
export type { Interpolation } from "./taps.js";
export { type Views, viewSizes, writeViews } from "./views.js";
