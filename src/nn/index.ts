/**
 * Networks as functions of graph values: layers, backbones by name (residual ones with torchvision's parameter names, vision
 * transformers with timm's), contrastive heads, batch normalisation in its modes, and how parameters start.
 *
 * @module hcsc/nn
 */
export type { Backbone, BackboneSettings } from "./backbone.js";
export { type BackboneName, backbones } from "./backbones.js";
export { batchNorm } from "./batchNorm.js";
export { type HeadName, heads } from "./heads.js";
export { initialValue } from "./initialise.js";
export { convolution, linear, rowDot, rowProducts } from "./layers.js";
export { evaluation, type Initial, type Mode, Parameters, Scope, type TensorSpec, training } from "./parameters.js";
export { resampledPositions } from "./positions.js";
export { type ResNet, resnet } from "./resnet.js";
export { type TargetKind, targetLosses } from "./targetLosses.js";
export { type ViT, vit } from "./vit.js";
