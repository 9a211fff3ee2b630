/**
 * Kernels of this library's own for NVIDIA's cards, where ONNX Runtime has none or slow ones: batch normalisation in training form with
 * its rectifier, gradients of pooling, and cuDNN's convolutions and gradients of filters. Written in CUDA C, compiled on the machine for its
 * card (NVRTC), given to ONNX Runtime as ops of the domain `hcsc.cuda`. What they compute is `src/graph/passes/cuda/standard.ts` in
 * standard ops, which every first run on a device is compared with.
 */
import { nativeDomain } from "../graph/index.js";
import { CustomOps, type Environment } from "../ort/index.js";
import type { Precision } from "../precision.js";
import { Convolutions } from "./convolutions.js";
import { Driver } from "./driver.js";
import { customOps } from "./ops.js";

/** Kernels for the sessions of a thread. */
export interface CudaKernels {
  readonly ops: CustomOps;
  /** Makes copies from shared memory of the host fast. */
  lock(block: ArrayBufferView<SharedArrayBuffer>): void;
  /** After all sessions. */
  close(): void;
}

/**
 * Compiles the kernels for a device, in about a second.
 *
 * @throws ProviderError if NVIDIA's driver, NVRTC or cuDNN 9 is not there, or the kernels do not compile
 */
export async function openCudaKernels(
  environment: Environment,
  device: number,
  precision: Precision,
): Promise<CudaKernels> {
  const driver = await Driver.open(device);
  const convolutions = await Convolutions.open(driver, precision === "tf32" ? "tf32" : "fp32");
  const ops = new CustomOps(
    environment,
    nativeDomain,
    "CUDAExecutionProvider",
    customOps(driver, convolutions, device),
  );
  return {
    ops,
    lock: (block) => driver.lock(block),
    close() {
      ops.close();
      driver.close();
    },
  };
}
