/**
 * The page as a home of engines: onnxruntime-web's sessions, in a worker, on WebGPU or in WebAssembly. What is the same in Node is
 * the `engine` room's.
 */
export { openEngine, type WebEngineOptions, type WebProvider } from "./engine.js";
