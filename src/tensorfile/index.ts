/** Files of tensors on disk: safetensors in and out, NumPy's .npy and Parquet tables out. Every file is written whole or not at all. */
export { makeFolder, notWritten, removeUnfinished, writeAtomically } from "./atomic.js";
export { readTensors, readWhole, sha256, writeTensors } from "./safetensors.js";
export { writeNpy, writeParquet } from "./tables.js";
