/**
 * Passes: each takes a whole graph and gives one that computes the same in another form, for where it is to run. Composites
 * become standard ops (`expand/`) or a provider's own kernels (`lower/`), many tensors one vector (`flat/`), many nodes few; what a
 * provider computes wrong or slowly is replaced (`device/`). Only `convolveInHalf` gives up precision.
 */
export { flattenBroadcasts } from "./broadcast.js";
export { forCuda, forHalfCuda, fusedNatives, nativeConvolutions, standardModel } from "./cuda/index.js";
export { cudaModel, deviceForm, exactModel, webGpuModel } from "./device/index.js";
export { asConvolution, inGroups } from "./expand/deviceFilters.js";
export {
  type Expansion,
  expandComposites,
  forDevices,
  forHalfDevices,
  forTrainingBuild,
  portable,
} from "./expand/index.js";
export { fewNodes } from "./fewNodes/index.js";
export { type Family, flatten, memberOrder } from "./flat/index.js";
export { convolveInHalf } from "./half.js";
export { lowerBlocked } from "./lower/index.js";
export { normsAtOnce } from "./norms.js";
export { withOutputs } from "./outputs.js";
export { normsInPairs } from "./pairedNorms.js";
export { type Rewrite, rewriteGraph } from "./rewrite.js";
export { roundedModel } from "./rounded.js";
export { together } from "./together.js";
