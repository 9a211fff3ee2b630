/**
 * The page as a home of training: engines in a worker, on onnxruntime-web's WebGPU or WebAssembly; images decoded by the browser;
 * batches of the views that they have in Node, made by workers; runs in the browser's own storage. What is the same in Node is the
 * other rooms'.
 */
export { inDirectory } from "./directoryFiles.js";
export { openEngine, type WebEngineOptions, type WebProvider } from "./engine.js";
export {
  type OpenImagesOptions,
  openImages,
  type PageImage,
  type PageImages,
  type SkippedImage,
  sourceOf,
} from "./images.js";
export { openLoader, type PageLoaderOptions } from "./loader.js";
