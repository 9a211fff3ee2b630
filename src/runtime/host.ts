/** The thread of engines in Node. */
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import {
  Copied,
  DeviceSessions,
  type Findings,
  flag,
  type Hosted,
  type HostOptions,
  Sessions,
  serveEngines,
  type Told,
} from "../engine/index.js";
import { ProviderError, said } from "../errors.js";
import { type Library, openLibrary } from "../ort/index.js";
import { Bound } from "./bound.js";
import type { NodeBackend } from "./engineOptions.js";
import { FirstRun } from "./firstRun.js";

const shared = new Int32Array(workerData as SharedArrayBuffer);
const port = parentPort;
if (!port) throw new Error("host.js is the engine's thread: openEngine starts it");

/** Marks native calls, and starts none once the process is ending (see exitGuard.ts). */
async function guard<T>(native: () => T | Promise<T>): Promise<T> {
  Atomics.store(shared, flag.busy, 1);
  try {
    if (Atomics.load(shared, flag.stop) === 1) throw new Error("the process is ending");
    return await native();
  } finally {
    Atomics.store(shared, flag.busy, 0);
    Atomics.notify(shared, flag.busy);
  }
}

const watch = (): FirstRun => new FirstRun();

/** The kernels of this library's own that graphs may have nodes for. */
let kernels: "cuda" | null = null;

async function startKernels(bound: Bound, found: Findings): Promise<"cuda" | null> {
  try {
    await guard(() => bound.startKernels());
    return "cuda";
  } catch (error) {
    found.warning(
      `the kernels of this library's own cannot be made: ${(error as Error).message.replace(/\.?$/, ".")} Steps run by ONNX Runtime's kernels alone, slower`,
    );
    return null;
  }
}

/** Sessions on the C API; on the CPU also without it, where it cannot be called. */
async function openSessions({ provider, threads, crossCheck, capture }: HostOptions, found: Findings): Promise<Hosted> {
  let library: Library;
  try {
    library = await openLibrary();
  } catch (error) {
    const why = `ONNX Runtime's C API cannot be called: ${(error as Error).message}`;
    if (provider.name !== "cpu")
      throw new ProviderError("absent", said`${why} The provider ${{ provider: provider.name }} needs it.`);
    found.warning(`${why} Steps run by onnxruntime-node's binding, which copies the state: slower, and in more memory`);
    return new Sessions(new Copied({ InferenceSession, Tensor }, threads), provider, false, guard, found, watch);
  }
  const bound = new Bound(library, provider, threads);
  const sessions = new Sessions(bound, provider, capture, guard, found, watch);
  if (provider.name === "cpu") return sessions;
  await sessions.start();
  if (provider.name === "cuda") kernels = await startKernels(bound, found);
  const onCpu = { name: "cpu", device: null, precision: "fp32" } as const;
  const silent: Told = { placed: () => {}, warning: () => {} };
  return new DeviceSessions(sessions, {
    provider: provider.name,
    precision: provider.precision,
    openCpu: () => new Sessions(new Bound(library, onCpu, threads), onCpu, false, guard, silent, watch),
    crossCheck,
    capture,
    onChecked: found.checked,
  });
}

const backends: { readonly [B in NodeBackend]: (options: HostOptions, found: Findings) => Promise<Hosted> } = {
  "onnxruntime-node": openSessions,
  // Loaded only where asked for: its WebAssembly takes memory and time.
  "ort-training": async ({ threads }) => new (await import("./trainingSessions.js")).TrainingSessions(threads),
};

port.on(
  "message",
  serveEngines({
    open(options, found) {
      kernels = null;
      return backends[options.backend as NodeBackend](options, found);
    },
    kernels: () => kernels,
    post: (reply, moved) => port.postMessage(reply, moved),
    end: () => port.close(),
  }),
);
