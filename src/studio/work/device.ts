/** What training runs on: the GPU by WebGPU where there is a real one, else the CPU by WebAssembly, and in words why. */

import type { CompileTarget } from "../../compileTarget.js";
import { type Engine, targetOf } from "../../engine/index.js";
import { HcscError } from "../../errors.js";
import { openEngine, type WebProvider } from "../../web/index.js";

/** What the worker's address asks for. */
export interface DeviceChoice {
  /** Default: WebGPU where there is a GPU. */
  readonly provider: WebProvider | null;
  /** Threads of WebAssembly; default all cores, where the page may have threads. */
  readonly threads: number | null;
}

/** An engine that is open, and what it is. */
export interface Device {
  readonly engine: Engine;
  readonly target: CompileTarget;
  readonly provider: WebProvider;
  readonly threads: number;
  readonly words: readonly string[];
}

/** Makes a worker by the name of its script, which is served beside this worker's. */
export const workerOf = (script: "engineWorker" | "loaderWorker"): Worker =>
  new Worker(new URL(`./${script}.js`, import.meta.url), { type: "module" });

/** @throws ProviderError if not even the CPU can be used */
export async function openDevice(choice: DeviceChoice, onWarning: (message: string) => void): Promise<Device> {
  const words: string[] = [];
  const isolated = globalThis.crossOriginIsolated;
  const cores = navigator.hardwareConcurrency;
  const threads = choice.threads ?? (isolated ? cores : 1);
  const why = choice.provider ? null : await noGpu();
  if (choice.provider === "webgpu" || (choice.provider === null && why === null)) {
    try {
      return { ...(await opened("webgpu", 1, onWarning)), words };
    } catch (error) {
      if (choice.provider === "webgpu" || !(error instanceof HcscError)) throw error;
      words.push(`The GPU cannot be used: ${error.message}`);
    }
  } else if (why !== null) words.push(why);
  if (threads < cores && !isolated)
    words.push(
      `One of ${cores} cores trains: the server does not send the headers that threads need (Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp).`,
    );
  return { ...(await opened("cpu", threads, onWarning)), words };
}

async function opened(provider: WebProvider, threads: number, onWarning: (message: string) => void) {
  const engine = await openEngine({ worker: workerOf("engineWorker"), provider, threads, onWarning });
  return { engine, target: await targetOf(engine), provider, threads };
}

/** Why there is no GPU to train on; null if there is one. */
async function noGpu(): Promise<string | null> {
  if (!("gpu" in navigator))
    return "This browser has no WebGPU, so the CPU trains: current Chrome, Edge, Firefox and Safari have it.";
  const gpu = navigator.gpu as {
    requestAdapter(): Promise<{
      readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string };
    } | null>;
  };
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (!adapter) return "This browser finds no GPU for WebGPU, so the CPU trains.";
  const { isFallbackAdapter = false, architecture = "" } = adapter.info ?? {};
  return isFallbackAdapter || architecture === "swiftshader"
    ? "WebGPU is there, but only as software, which is slower than WebAssembly: so the CPU trains."
    : null;
}
