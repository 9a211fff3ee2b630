/** What a graph is compiled for: an engine says which it runs best, a recipe's programs are made for it. */
import type { Precision } from "./precision.js";

/**
 * Where a graph is to run: `portable` and `device` are standard ONNX, as is fast on CPUs and on GPUs, but that GELU on a device is
 * ONNX Runtime's own op, and that a device's engine may have kernels of this library's own; `blocked` uses kernels of
 * onnxruntime-node's CPU provider, `training` those of ONNX Runtime's training build.
 */
export type CompileTarget =
  | { readonly kind: "portable" }
  | { readonly kind: "device"; readonly precision: Precision; readonly kernels?: "cuda" }
  | { readonly kind: "blocked"; readonly block: number }
  | { readonly kind: "training" };
