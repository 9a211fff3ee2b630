/** Files of tensors: safetensors in and out, NumPy's .npy and Parquet tables out. Every file is written whole or not at all. */
export { makeFolder, notWritten, removeUnfinished, writeAtomically } from "./atomic.js";
export { writeNpy } from "./npy.js";
export { type NumberName, numberFormats } from "./numbers.js";
export { type ParquetColumn, writeParquet } from "./parquet.js";
export { decodeTensors, encodeTensors, readTensors, readWhole, type TensorFile, writeTensors } from "./safetensors.js";
export { encodeSealed, isSealed, unsealed, writeSealed } from "./sealed.js";
