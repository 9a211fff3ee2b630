/** Tensors as bytes: safetensors, also under a seal that shows any byte that is not as it was written, and numbers as files hold them. */
export { type NumberName, numberFormats } from "./numbers.js";
export { decodeTensors, encodeTensors, type TensorFile } from "./safetensors.js";
export { encodeSealed, isSealed, type Sha256, unsealed } from "./sealed.js";
