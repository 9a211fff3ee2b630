/**
 * The method, in graph ops: instance-wise and prototypical selective contrast over a hierarchy of prototypes, plain InfoNCE
 * for warm-up, and the normalizers of selection, computed once for each key and clustering.
 *
 * @module hcsc/loss
 */
export {
  type Draws,
  hcscLoss,
  instanceNormalizer,
  type Level,
  type Loss,
  type LossInputs,
  type LossSettings,
  prototypeNormalizer,
  warmupLoss,
} from "./loss.js";
export { canStack, type StepLoss, stackedLoss } from "./stacked.js";
