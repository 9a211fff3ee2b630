/**
 * A thread that hosts engines, one after another, and the requests to it. One thread that a closed engine leaves is kept for the
 * next: opening takes milliseconds instead of 60, and the 0.15 MB that koffi leaves behind with every thread that loads it are
 * left once. Threads of devices are not kept, nor those of the training build, whose WebAssembly holds its memory.
 */
import { Worker } from "node:worker_threads";
import { type EngineThread, type HostOptions, type News, type Reply, Requests } from "../engine/index.js";
import { guardExit } from "./exitGuard.js";

let spare: NodeThread | null = null;

/** The thread for an engine: the one that is kept, or a new one. It keeps the process alive only while requests are pending. */
export function engineThread(): EngineThread {
  const taken = spare && !spare.requests.isEnded ? spare : new NodeThread();
  if (taken === spare) spare = null;
  return taken;
}

class NodeThread implements EngineThread {
  private readonly worker: Worker;
  private readonly gone: Promise<void>;
  readonly requests = new Requests((request, moved) => {
    this.worker.ref();
    this.worker.postMessage(request, moved);
  });

  constructor() {
    const flags = new SharedArrayBuffer(8);
    this.worker = new Worker(new URL("./host.js", import.meta.url), {
      workerData: flags,
      name: "hcsc engine",
      execArgv: [], // the process may have been started with --input-type or --test, which a file refuses
    });
    this.worker.unref();
    const unguard = guardExit(flags);
    this.worker.on("message", (reply: Reply) => {
      this.requests.receive(reply);
      if (this.requests.isIdle) this.worker.unref();
    });
    this.worker.on("error", (error) => this.requests.end(`the engine's thread failed: ${error.message}`));
    this.gone = new Promise((resolve) => {
      this.worker.on("exit", (code) => {
        unguard();
        this.requests.end(`the engine's thread ended with code ${code}`);
        resolve();
      });
    });
  }

  /** Closes the engine, and ends the thread unless it is kept for the next one. */
  async close({ backend, provider }: HostOptions, hear: (news: News) => void): Promise<void> {
    if (this.requests.isEnded) return this.gone;
    const kept = spare === null && backend === "onnxruntime-node" && provider.name === "cpu";
    if (kept) spare = this;
    await this.requests.ask("close", { last: !kept }, hear);
    if (!kept) {
      this.worker.ref();
      await this.gone;
    }
  }
}
