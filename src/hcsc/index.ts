/**
 * The method, in graph ops: instance-wise and prototypical selective contrast over a hierarchy of prototypes, plain InfoNCE
 * for warm-up, and the normalizers of selection, computed once for each key and clustering.
 *
 * @module hcsc/loss
 */
export type { Draws, Level, LossInputs, LossSettings } from "./inputs.js";
export { hcscLoss, instanceNormalizer, type Loss, prototypeNormalizer, warmupLoss } from "./loss.js";
export {
  absentNormalizer,
  canStack,
  type LevelStack,
  type StackedInputs,
  type StepLoss,
  stackedLoss,
  topNormalizer,
} from "./stacked.js";
