/**
 * Networks as functions of graph values: layers, residual backbones with torchvision's parameter names, the contrastive head,
 * batch normalisation in its modes, and how parameters start.
 */
export { evaluationNorm, trainingNorm } from "./batchNorm.js";
export { initialValue } from "./initialise.js";
export { linear, rowDot, rowProducts, unitRows } from "./layers.js";
export { type Normalize, Parameters, Scope, type TensorSpec } from "./parameters.js";
export { type Backbone, backbones, featureWidth, mlpHead, type ResNet, resnetFeatures, widened } from "./resnet.js";
export { type TargetKind, targetLosses } from "./targetLosses.js";
