/**
 * Weights from elsewhere: files of PyTorch (read as data, never run), safetensors and ONNX; whose names they have, by one table; and
 * what of them fits an encoder here. And the way back: files that PyTorch loads.
 */
export {
  detectEncoder,
  type FitReport,
  type FittedWeights,
  fitWeights,
  misfits,
  type OpenedWeights,
  openWeights,
} from "./fit.js";
export { readWeights } from "./read.js";
export { recipeOfWeights } from "./recipe.js";
export type { WeightsFile } from "./storedTensor.js";
export { encodeTorch } from "./writeTorch.js";
