/**
 * The engine: programs (ONNX models) and the state that they share, hosted on a thread of its own, so that the caller stays live
 * during a step and state never travels between steps. Here is what is the same in Node and in a page: the interface, the
 * messages, sessions over whatever carries out runs, first runs compared with the CPU's, and the searches that clustering and kNN
 * are given. Nothing here is Node's.
 */
export { Copied, type OrtPackage, tensorInfo } from "./copied.js";
export { type CrossCheck, checkNotice } from "./crossCheck.js";
export { DeviceSessions } from "./deviceSessions.js";
export type { Engine } from "./engine.js";
export { isKnown, isOf, requireFit, requireWhole } from "./fit.js";
export { fedTargets, logisticOn } from "./logistic.js";
export {
  type Backend,
  type CallName,
  type Calls,
  type DataArray,
  type Elements,
  flag,
  type Hosted,
  type HostOptions,
  type NamedArrays,
  type ProgramInfo,
  type ProgramOptions,
  type Reply,
  type Request,
  type TensorInfo,
  type Traffic,
} from "./messages.js";
export { nearestCentroidOn } from "./nearestCentroid.js";
export { isHeavy, type Placement, placementWarning, type Watch } from "./placement.js";
export {
  optionsOf,
  type Provider,
  type ProviderChoice,
  type ProviderSettings,
  precisionsOf,
  providers,
  requireProvider,
  withFix,
} from "./providers.js";
export { release } from "./release.js";
export { type News, Requests } from "./requests.js";
export type { Opened, OpenOptions, Ran, Runner } from "./runner.js";
export { type Findings, serveEngines } from "./serve.js";
export { Sessions, type Told } from "./sessions.js";
export { similarityOn } from "./similarity.js";
export { targetOf } from "./targetOf.js";
export { type EngineThread, ThreadEngine } from "./threadEngine.js";
