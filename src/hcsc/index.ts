/**
 * The method, in graph ops: instance-wise and prototypical selective contrast over a hierarchy of prototypes, plain InfoNCE
 * for warm-up, and the normalizers of selection, computed once for each key and clustering.
 */
export {
  type Draws,
  type Level,
  type Loss,
  type LossInputs,
  type LossSettings,
  type Variant,
  hcscLoss,
  instanceNormalizer,
  prototypeNormalizer,
  warmupLoss,
} from "./loss.js";
