/**
 * ONNX Runtime's C API, called out of the library that onnxruntime-node brings along: sessions, tensors in any memory, and
 * runs over tensors that stay where they are, which onnxruntime-node's own binding does not offer. Everything is one thread's;
 * several threads may each have their own.
 */
export { type AttributeKind, type CustomOp, CustomOps, type Given, type Kernel, type KernelCall } from "./customOps.js";
export { bytesOf, Environment, elementCount, type Tensor } from "./environment.js";
export { bundledLibrary, type Foreign, foreignCalls, type Library, openLibrary } from "./library.js";
export { type Binding, type Described, Session, type SessionSettings } from "./session.js";
export type { Handle } from "./signatures.js";
export { withoutTelemetry } from "./telemetry.js";
