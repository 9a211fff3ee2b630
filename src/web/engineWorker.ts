/**
 * The script of an engine's worker (`hcsc/web/engine`): start it as a module and give the worker to `openEngine`.
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
} from "../engine/index.js";
import { GpuTensors } from "./gpuTensors.js";

const guard = async <T>(native: () => T | Promise<T>): Promise<T> => native();
const onCpu = { name: "cpu", device: null, precision: "fp32" } as const;

/** Each has its own WebAssembly: that of WebGPU is twice as large, and slower on the CPU. */
const packages = {
  webgpu: () => import("onnxruntime-web/webgpu"),
  cpu: () => import("onnxruntime-web/wasm"),
} as const satisfies Readonly<Record<string, () => Promise<typeof Ort>>>;

async function open({ provider, threads, crossCheck }: HostOptions, found: Findings): Promise<Hosted> {
  const ort = await packages[provider.name as keyof typeof packages]();
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = "error";
  const cpuSessions = (told: Findings) => new Sessions(new Copied(ort, threads), onCpu, false, guard, told, null);
  if (provider.name === "cpu") return cpuSessions(found);
  const sessions = new Sessions(new GpuTensors(ort), provider, false, guard, found, null);
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

const serve = serveEngines({
  open,
  kernels: () => null,
  post: (reply, moved) => postMessage(reply, { transfer: moved }),
  end: () => close(),
});
addEventListener("message", ({ data }) => serve(data));
