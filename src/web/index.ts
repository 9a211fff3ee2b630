/**
 * The page as a home of training: engines in a worker, on onnxruntime-web's WebGPU or WebAssembly; images decoded by the browser;
 * batches of the views that they have in Node; runs in the browser's own storage. What is the same in Node is the other rooms'.
 */
export { inDirectory } from "./directoryFiles.js";
export { openEngine, type WebEngineOptions, type WebProvider } from "./engine.js";
export { openImages, type PageImage, type PageImages } from "./images.js";
export { openLoader } from "./loader.js";
