/** Tensors as bytes: safetensors, also under a seal that shows any byte that is not as it was written, and numbers as files hold them; NumPy's .npy and Parquet tables, to be written. */
export { encodeNpy } from "./npy.js";
export { type NumberName, numberFormats } from "./numbers.js";
export { encodeParquet, type ParquetColumn } from "./parquet.js";
export { decodeTensors, encodeTensors, type TensorFile } from "./safetensors.js";
export { encodeSealed, isSealed, type Sha256, unsealed } from "./sealed.js";
