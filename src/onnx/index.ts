/**
 * ONNX files: plain descriptions of a model to and from protobuf, by `onnx-proto`. This room knows the format and nothing of
 * what graphs mean.
 */

export type {
  AttributeContent,
  ElementType,
  GraphContent,
  ModelContent,
  NodeContent,
  TensorContent,
  ValueContent,
} from "./content.js";
export { elementTypes } from "./content.js";
export { decodeModel } from "./decode.js";
export { encodeModel } from "./encode.js";
