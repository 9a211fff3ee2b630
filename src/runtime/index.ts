/**
 * Where engines run in Node: on a thread that hosts ONNX Runtime sessions, over its C API or by onnxruntime-node's binding;
 * providers found, probed and examined.
 */
export { type AutoChoice, autoProvider } from "./auto.js";
export { chooseTarget } from "./chooseTarget.js";
export { type Examination, examine, type ProviderReport } from "./doctor.js";
export { openEngine } from "./engine.js";
export type { EngineOptions } from "./engineOptions.js";
export { type Probe, probe } from "./probe.js";
