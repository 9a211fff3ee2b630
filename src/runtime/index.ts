/**
 * Where graphs run: an engine hosts ONNX Runtime sessions and the state they share (parameters, optimizer slots, the queue) on
 * a thread of its own, so that the caller's event loop stays live during a step and state never travels between steps. Feeds
 * go in and wanted outputs come back as dense arrays. On top of it: the searches that clustering and kNN are given.
 */
export { type AutoChoice, autoProvider } from "./auto.js";
export { chooseTarget } from "./chooseTarget.js";
export { type CrossCheck, checkNotice } from "./crossCheck.js";
export { type Examination, examine, type ProviderReport } from "./doctor.js";
export { type Engine, openEngine } from "./engine.js";
export type { EngineOptions } from "./engineOptions.js";
export { fedTargets, logisticOn } from "./logistic.js";
export type {
  Backend,
  DataArray,
  NamedArrays,
  ProgramInfo,
  ProgramOptions,
  TensorInfo,
  Traffic,
} from "./messages.js";
export { nearestCentroidOn } from "./nearestCentroid.js";
export { type Placement, placementWarning } from "./placement.js";
export { type Probe, probe } from "./probe.js";
export { type Provider, precisionsOf, providers, requireProvider } from "./providers.js";
export { release } from "./release.js";
export { similarityOn } from "./similarity.js";
