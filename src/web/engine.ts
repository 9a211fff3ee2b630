/** Opening an engine in a page. Its sessions live in a worker, whose script calls `serveEngine`. */
import {
  type CrossCheck,
  type Engine,
  type EngineThread,
  type HostOptions,
  type News,
  type Reply,
  Requests,
  ThreadEngine,
} from "../engine/index.js";
import { said, UsageError } from "../errors.js";
import type { DeviceLost } from "./engineWorker/index.js";

/** What an engine in a page runs on: the GPU, or the CPU by WebAssembly. */
export type WebProvider = "webgpu" | "cpu";

/** What a page's engine is opened with. */
export interface WebEngineOptions {
  /** A worker of its own, a module whose script calls `serveEngine` of `hcsc/web/engine`. It ends with the engine. */
  readonly worker: Worker;
  /** Default `cpu`. */
  readonly provider?: WebProvider;
  /**
   * Threads of WebAssembly, ≥ 1. Default: one for each of the machine's cores where the page is isolated (`crossOriginIsolated`: the
   * headers Cross-Origin-Opener-Policy and -Embedder-Policy), which more than one needs; else 1.
   */
  readonly threads?: number;
  /** As of engines in Node: whether the first run of each program on WebGPU is compared with the CPU's. Default true. */
  readonly crossCheck?: boolean;
  /** Called for each first run that agreed with the CPU's. */
  readonly onChecked?: (check: CrossCheck) => void;
  /** Called with what people should know. Default: the console's warnings. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Opens an engine in a page or one of its workers.
 *
 * The device may be lost at any time: what is asked of the engine then fails with ProviderError `lost`, and a new engine may be opened.
 *
 * @throws ProviderError if WebGPU, or a device for it, is not there, or the worker cannot start; UsageError if `threads` is not a
 *   positive integer, or more than 1 in a page that is not isolated
 */
export async function openEngine({
  worker,
  provider = "cpu",
  threads = crossOriginIsolated ? navigator.hardwareConcurrency : 1,
  crossCheck = true,
  onChecked = () => {},
  onWarning = console.warn,
}: WebEngineOptions): Promise<Engine> {
  if (!(Number.isInteger(threads) && threads >= 1))
    throw new UsageError("wrong-value", said`${{ field: "threads" }} is ${threads}. Give a whole number from 1.`);
  if (threads > 1 && !crossOriginIsolated)
    throw new UsageError(
      "unsupported",
      said`${{ field: "threads" }} is ${threads}, and this page may have one: it is not cross-origin isolated. Serve it with the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or give 1.`,
    );
  const options: HostOptions = {
    backend: "onnxruntime-web",
    provider: { name: provider, device: null, precision: "fp32" },
    threads,
    crossCheck,
    capture: false,
  };
  return ThreadEngine.open(new WorkerThread(worker), options, { onPlaced: () => {}, onChecked, onWarning }, false);
}

/** An engine's worker. */
class WorkerThread implements EngineThread {
  readonly requests: Requests;

  constructor(private readonly worker: Worker) {
    this.requests = new Requests((request, moved) => worker.postMessage(request, moved));
    worker.addEventListener("message", ({ data }: MessageEvent<Reply | DeviceLost>) => {
      if ("lost" in data) this.requests.end(`the GPU is lost (${data.lost})`, "lost");
      else this.requests.receive(data);
    });
    worker.addEventListener("error", ({ message }) =>
      this.requests.end(`the engine's worker failed: ${message || "its script cannot be loaded"}`),
    );
  }

  async close(_: HostOptions, hear: (news: News) => void): Promise<void> {
    if (!this.requests.isEnded) await this.requests.ask("close", { last: true }, hear);
    this.requests.end("the engine is closed");
    this.worker.terminate();
  }
}
