/** The thread of engines, one at a time: takes requests one after another, in order, and answers each. */
import { parentPort, workerData } from "node:worker_threads";
import { HcscError, ProviderError, said } from "../errors.js";
import { type Library, openLibrary } from "../ort/index.js";
import { Bound } from "./bound.js";
import { Copied } from "./copied.js";
import type { CrossCheck } from "./crossCheck.js";
import { DeviceSessions } from "./deviceSessions.js";
import type { Backend, Block, CallName, Hosted, NamedArrays, Reply, Request } from "./messages.js";
import { flag, type HostOptions } from "./messages.js";
import type { Placement } from "./placement.js";
import { Sessions, type Told } from "./sessions.js";

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

let placed: Placement[] = [];
let checked: CrossCheck[] = [];
let warnings: string[] = [];

/** The kernels of this library's own that graphs may have nodes for. */
let kernels: "cuda" | null = null;

async function startKernels(bound: Bound): Promise<"cuda" | null> {
  try {
    await guard(() => bound.startKernels());
    return "cuda";
  } catch (error) {
    warnings.push(
      `the kernels of this library's own cannot be made: ${(error as Error).message.replace(/\.?$/, ".")} Steps run by ONNX Runtime's kernels alone, slower`,
    );
    return null;
  }
}

/** Sessions on the C API; on the CPU also without it, where it cannot be called. */
async function openSessions({ provider, threads, crossCheck, capture }: HostOptions): Promise<Hosted> {
  const told: Told = {
    placed: (placement) => placed.push(placement),
    warning: (message) => warnings.push(message),
  };
  let library: Library;
  try {
    library = await openLibrary();
  } catch (error) {
    const why = `ONNX Runtime's C API cannot be called: ${(error as Error).message}`;
    if (provider.name !== "cpu")
      throw new ProviderError("absent", said`${why} The provider ${{ provider: provider.name }} needs it.`);
    warnings.push(`${why} Steps run by onnxruntime-node's binding, which copies the state: slower, and in more memory`);
    return new Sessions(new Copied(threads), provider, false, guard, told);
  }
  const bound = new Bound(library, provider, threads);
  const sessions = new Sessions(bound, provider, capture, guard, told);
  if (provider.name === "cpu") return sessions;
  await sessions.start();
  if (provider.name === "cuda") kernels = await startKernels(bound);
  const onCpu = { name: "cpu", device: null, precision: "fp32" } as const;
  const silent: Told = { placed: () => {}, warning: () => {} };
  return new DeviceSessions(sessions, {
    provider: provider.name,
    precision: provider.precision,
    openCpu: () => new Sessions(new Bound(library, onCpu, threads), onCpu, false, guard, silent),
    crossCheck,
    capture,
    onChecked: (check) => checked.push(check),
  });
}

const backends: { readonly [B in Backend]: (options: HostOptions) => Promise<Hosted> } = {
  "onnxruntime-node": openSessions,
  // Loaded only where asked for: its WebAssembly takes memory and time.
  "ort-training": async ({ threads }) => new (await import("./trainingSessions.js")).TrainingSessions(threads),
};

/** The engine that is open: `open` is the first request to it, `close` the last. */
let opening: Promise<Hosted>;

async function answer(request: Request): Promise<unknown> {
  if (request.call === "open") {
    kernels = null;
    opening = backends[request.ask.backend](request.ask);
  }
  const sessions = await opening;
  switch (request.call) {
    case "open":
      return null;
    case "load":
      return sessions.load(request.ask.program, request.ask.model, request.ask.options);
    case "unload":
      await sessions.unload(request.ask.program);
      return null;
    case "write":
      await sessions.write(request.ask.state);
      return null;
    case "read":
      return sessions.read(request.ask.names);
    case "drop":
      sessions.drop(request.ask.names);
      return null;
    case "names":
      return sessions.names();
    case "run":
      return sessions.run(request.ask.program, request.ask.feeds, request.ask.wanted);
    case "traffic":
      return sessions.traffic();
    case "kernels":
      return kernels;
    case "close":
      await sessions.close();
      return null;
  }
}

const unexpected = (call: CallName, { stack, message }: Error): ProviderError =>
  new ProviderError("failed", `the engine failed at ${call}: ${stack ?? message}`);

async function serve(request: Request): Promise<void> {
  const spent = request.call === "run" ? buffers(request.ask.feeds) : [];
  let reply: Reply;
  let moved: Block[] = [];
  try {
    const made = await answer(request);
    reply = { id: request.id, answer: made, placed, checked, warnings, spent };
    if (request.call === "run" || request.call === "read") moved = buffers(made as NamedArrays);
  } catch (error) {
    const raised = error instanceof HcscError ? error : unexpected(request.call, error as Error);
    reply = { id: request.id, placed, checked, warnings, spent, error: raised.toJSON() };
  }
  placed = [];
  checked = [];
  warnings = [];
  port?.postMessage(reply, [...spent, ...moved].filter(isMovable));
  if (request.call === "close" && request.ask.last) port?.close();
}

/** The distinct memory blocks of arrays: each may be moved once. */
const buffers = (arrays: NamedArrays): Block[] => [
  ...new Set(Object.values(arrays).map((a) => a.data.buffer as Block)),
];
const isMovable = (block: Block): block is ArrayBuffer => block instanceof ArrayBuffer;

let last = Promise.resolve();
port.on("message", (request: Request) => {
  last = last.then(() => serve(request));
});
