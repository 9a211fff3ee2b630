/**
 * What the worker of an engine in a page does (`hcsc/web/engine`).
 *
 * @module hcsc/web/engine
 */
import type * as Ort from "onnxruntime-web";
import {
  Copied,
  DeviceSessions,
  type Findings,
  type Hosted,
  type HostOptions,
  Sessions,
  serveEngines,
} from "../../engine/index.js";
import { GpuTensors } from "./gpuTensors.js";

const guard = async <T>(native: () => T | Promise<T>): Promise<T> => native();
const onCpu = { name: "cpu", device: null, precision: "fp32" } as const;

/** Each has its own WebAssembly: that of WebGPU is twice as large, and slower on the CPU. */
const packages = {
  webgpu: () => import("onnxruntime-web/webgpu"),
  cpu: () => import("onnxruntime-web/wasm"),
} as const satisfies Readonly<Record<string, () => Promise<typeof Ort>>>;

/** What the worker says when its device is gone. */
export interface DeviceLost {
  readonly lost: string;
}

/** How long after an error its cause may show that the device was lost. */
const lossShowsWithin = 500;

async function open(
  { provider, threads, crossCheck }: HostOptions,
  found: Findings,
  onLost: (reason: string) => void,
): Promise<Hosted> {
  const ort = await packages[provider.name as keyof typeof packages]();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  const cpuSessions = (told: Findings) => new Sessions(new Copied(ort, threads), onCpu, false, guard, told, null);
  if (provider.name === "cpu") return cpuSessions(found);
  const sessions = new Sessions(new GpuTensors(ort, onLost), provider, false, guard, found, null);
  await sessions.start();
  const silent: Findings = { placed: () => {}, warning: () => {}, checked: () => {} };
  return new DeviceSessions(sessions, {
    provider: provider.name,
    precision: provider.precision,
    openCpu: () => cpuSessions(silent),
    crossCheck,
    capture: false,
    onChecked: found.checked,
  });
}

/**
 * Makes the worker that calls it the host of an engine: all that its script has to do. It is a module, bundled apart from the page's
 * script, and `openEngine` is given the worker.
 *
 * ONNX Runtime's `.wasm` files are to be served from beside what its JavaScript is bundled into.
 */
export function serveEngine(): void {
  let tellLost: (reason: string) => void = () => {};
  const lost = new Promise<string>((resolve) => {
    tellLost = resolve;
  });
  lost.then((reason) => postMessage({ lost: reason } satisfies DeviceLost));
  const serve = serveEngines({
    open: (options, found) => open(options, found, tellLost),
    kernels: () => null,
    // A run that fails as the device goes may say so before the device does.
    async post(reply, moved) {
      if (reply.error) await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, lossShowsWithin))]);
      postMessage(reply, { transfer: moved });
    },
    end: () => close(),
  });
  addEventListener("message", ({ data }) => serve(data));
}
