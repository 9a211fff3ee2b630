/**
 * A thread that hosts engines, one after another, and the requests to it. One thread that a closed engine leaves is kept for the
 * next: opening takes milliseconds instead of 60, and the 0.15 MB that koffi leaves behind with every thread that loads it are
 * left once. Threads of devices are not kept, nor those of the training build, whose WebAssembly holds its memory.
 */
import { Worker } from "node:worker_threads";
import { errorFrom, ProviderError } from "../errors.js";
import { guardExit } from "./exitGuard.js";
import type { CallName, Calls, HostOptions, Reply, Request } from "./messages.js";

/** What came with a reply beside its answer. */
export type News = Omit<Reply, "id" | "answer" | "error">;

interface Pending {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly hear: (news: News) => void;
}

let spare: EngineThread | null = null;

/** The thread for an engine: the one that is kept, or a new one. It keeps the process alive only while requests are pending. */
export function engineThread(): EngineThread {
  const taken = spare?.ended === null ? spare : new EngineThread();
  if (taken === spare) spare = null;
  return taken;
}

export class EngineThread {
  private readonly worker: Worker;
  private readonly pending = new Map<number, Pending>();
  private readonly gone: Promise<void>;
  private nextId = 1;
  /** Why nothing can be asked any more. */
  ended: string | null = null;

  constructor() {
    const flags = new SharedArrayBuffer(8);
    this.worker = new Worker(new URL("./host.js", import.meta.url), {
      workerData: flags,
      name: "hcsc engine",
      execArgv: [], // the process may have been started with --input-type or --test, which a file refuses
    });
    this.worker.unref();
    const unguard = guardExit(flags);
    this.worker.on("message", (reply: Reply) => this.receive(reply));
    this.worker.on("error", (error) => this.end(`the engine's thread failed: ${error.message}`));
    this.gone = new Promise((resolve) => {
      this.worker.on("exit", (code) => {
        unguard();
        this.end(`the engine's thread ended with code ${code}`);
        resolve();
      });
    });
  }

  /** Requests are carried out in order. @throws ProviderError if the thread ends before it answers; what the engine throws */
  ask<K extends CallName>(
    call: K,
    ask: Calls[K]["ask"],
    hear: (news: News) => void,
    moved: ArrayBuffer[] = [],
  ): Promise<Calls[K]["answer"]> {
    if (this.ended !== null)
      return Promise.reject(new ProviderError("ended", `${this.ended}: ${call} cannot be done.`));
    return new Promise((resolve, reject) => {
      const id = this.nextId++;
      this.pending.set(id, { resolve: resolve as (answer: unknown) => void, reject, hear });
      this.worker.ref();
      this.worker.postMessage({ id, call, ask } as Request, moved);
    });
  }

  /** Closes the engine, and ends the thread unless it is kept for the next one. */
  async close({ backend, provider }: HostOptions, hear: (news: News) => void): Promise<void> {
    if (this.ended !== null) return this.gone;
    const kept = spare === null && backend === "onnxruntime-node" && provider.name === "cpu";
    if (kept) spare = this;
    await this.ask("close", { last: !kept }, hear);
    if (!kept) {
      this.worker.ref();
      await this.gone;
    }
  }

  private receive({ id, answer, error, ...news }: Reply): void {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (this.pending.size === 0) this.worker.unref();
    waiting?.hear(news);
    if (error) waiting?.reject(errorFrom(error));
    else waiting?.resolve(answer);
  }

  private end(why: string): void {
    this.ended ??= why;
    for (const { reject } of this.pending.values())
      reject(new ProviderError("ended", `${why}: what was asked of it is lost.`));
    this.pending.clear();
  }
}
