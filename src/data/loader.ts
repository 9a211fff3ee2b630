/**
 * Batches of views, made ahead of training by worker threads. A batch is shared memory that the workers fill, each a part of
 * it; a fixed number of batches is under way, so memory is bounded. Views depend on (seed, epoch, image, view) alone, not on
 * timing or the number of workers.
 */
import { Worker } from "node:worker_threads";
import { DataError, said } from "../errors.js";
import { type EvaluationPolicy, type ViewPolicy, viewSizes } from "./augment/index.js";
import { type Decoded, type DecodedMemory, decodedMemory, decodedSoFar, nothingDecoded } from "./decoded.js";
import { type ImageSource, openSource, type SourceDescription } from "./source.js";
import type { Work, WorkDone, WorkerOptions } from "./work.js";

/** What a loader loads, and how far ahead. */
export interface LoaderOptions {
  readonly source: SourceDescription;
  readonly seed: number;
  /** Threads; default 2: one step's time makes the next step's batch, and a second hides decoding. */
  readonly workers?: number;
  /** Batches under way at once; default 5, as a run of the trainer's takes four one after another. */
  readonly lookahead?: number;
  /**
   * Bytes of memory for decoded pixels, which spare later epochs the decoding of encoded images; default 0. Other sets are in memory
   * as they are.
   */
  readonly keep?: number;
  /** Share of the set that may be broken before loading fails; default 0.01. One always may. 1: in evaluation even whole batches. */
  readonly tolerance?: number;
  /** Called once for each image that cannot be read. */
  readonly onBroken?: (index: number, name: string, reason: string) => void;
}

/** Images to load, in order. */
export interface BatchRequest {
  readonly indices: Int32Array;
  readonly epoch: number;
}

/** Views of some images, ready to be fed. */
export interface Batch {
  /** The images shown: in the place of one that cannot be read stands another of the batch. */
  readonly indices: Int32Array;
  /** One array a view: [B, channels, size, size], in shared memory. */
  readonly views: readonly Uint8Array[];
  /** Gives the views' memory back, for batches to come to be written over. Fresh memory costs time: a batch may be 25 MB. */
  readonly release: () => void;
}

/** Makes batches ahead of those who take them. Closed, it takes no threads. */
export interface Loader {
  /** Random views of each image, one for each policy, batch by batch in order. */
  train(requests: Iterable<BatchRequest>, policies: readonly ViewPolicy[], signal?: AbortSignal): AsyncGenerator<Batch>;
  /** The evaluation view of each image. */
  evaluate(requests: Iterable<BatchRequest>, policy: EvaluationPolicy, signal?: AbortSignal): AsyncGenerator<Batch>;
  /** How long batches were waited for, all told. */
  readonly waitedSeconds: number;
  /** Images that could not be read, and why. In a batch the next readable image stands in for one. */
  readonly broken: ReadonlyMap<number, string>;
  /** What is kept decoded so far. */
  readonly kept: Decoded;
  close(): Promise<void>;
}

/** Opens a loader. Its threads do not keep the process alive. */
export function openLoader(options: LoaderOptions): Loader {
  return new ThreadLoader(options);
}

class ThreadLoader implements Loader {
  waitedSeconds = 0;
  readonly broken = new Map<number, string>();
  private readonly workers: readonly Worker[];
  private readonly pending = new Map<
    number,
    { readonly done: (d: WorkDone) => void; readonly failed: (e: Error) => void }
  >();
  private readonly source: ImageSource;
  /** Arrays given back, by length. */
  private readonly spare = new Map<number, Uint8Array[]>();
  private readonly decoded: DecodedMemory | null;
  private nextId = 0;
  /** The thread that was asked last. */
  private turn = 0;
  /** Why no more can be loaded: a thread ended. */
  private ended: Error | null = null;

  constructor(private readonly options: LoaderOptions) {
    this.source = openSource(options.source);
    const { keep = 0 } = options;
    this.decoded = keep > 0 && isEncoded(options.source) ? decodedMemory(this.source.count, keep) : null;
    const workerData: WorkerOptions = { source: options.source, seed: options.seed, decoded: this.decoded };
    this.workers = Array.from({ length: options.workers ?? 2 }, (_, i) => {
      // Without the process's own flags: some, as --input-type, a thread refuses.
      const entry = new URL("./worker.js", import.meta.url);
      const worker = new Worker(entry, { workerData, name: `hcsc loader ${i}`, execArgv: [] });
      worker.unref();
      worker.on("message", (done: WorkDone) => {
        const asked = this.pending.get(done.id);
        this.pending.delete(done.id);
        if (done.failed === null) asked?.done(done);
        else asked?.failed(new DataError("loading-failed", said`a view cannot be made: ${done.failed}`));
        // Not while closing, which a late answer would leave with nothing to wait for.
        if (this.pending.size === 0 && !this.ended) for (const w of this.workers) w.unref();
      });
      worker.on("error", (cause) =>
        this.end(new DataError("loading-failed", said`a loading thread failed: ${cause as Error}`, { cause })),
      );
      worker.on("exit", (code) =>
        this.end(new DataError("loading-failed", `a loading thread ended by itself, with code ${code}`)),
      );
      return worker;
    });
  }

  train(
    requests: Iterable<BatchRequest>,
    policies: readonly ViewPolicy[],
    signal?: AbortSignal,
  ): AsyncGenerator<Batch> {
    return this.batches(requests, policies, signal);
  }

  evaluate(requests: Iterable<BatchRequest>, policy: EvaluationPolicy, signal?: AbortSignal): AsyncGenerator<Batch> {
    return this.batches(requests, policy, signal);
  }

  get kept(): Decoded {
    return this.decoded ? decodedSoFar(this.decoded) : nothingDecoded;
  }

  async close(): Promise<void> {
    this.end(new DataError("loading-failed", "the loader is closed"));
    await Promise.all(this.workers.map((w) => w.terminate()));
  }

  private async *batches(
    requests: Iterable<BatchRequest>,
    policies: Work["policies"],
    signal?: AbortSignal,
  ): AsyncGenerator<Batch> {
    const incoming = requests[Symbol.iterator]();
    const ahead: Promise<Batch>[] = [];
    const fill = () => {
      while (ahead.length < (this.options.lookahead ?? 5)) {
        const next = incoming.next();
        if (next.done) return;
        const batch = this.start(next.value, policies);
        batch.catch(() => {}); // Reported when its turn comes.
        ahead.push(batch);
      }
    };
    try {
      for (;;) {
        signal?.throwIfAborted();
        fill();
        const first = ahead.shift();
        if (!first) return;
        const began = performance.now();
        const batch = await unlessAborted(first, signal);
        this.waitedSeconds += (performance.now() - began) / 1000;
        yield batch;
      }
    } finally {
      incoming.return?.();
    }
  }

  /** Hands a batch's parts to the workers. */
  private async start({ indices: asked, epoch }: BatchRequest, policies: Work["policies"]): Promise<Batch> {
    const indices = asked.slice();
    const sizes = viewSizes(policies);
    const views = sizes.map((size) => this.room(size * indices.length));
    const share = Math.ceil(indices.length / this.workers.length);
    const parts = Array.from({ length: Math.ceil(indices.length / share) }, (_, p) => {
      const part = indices.slice(p * share, (p + 1) * share);
      this.turn = (this.turn + 1) % this.workers.length; // small batches too are for all threads
      return this.ask(this.workers[this.turn], { indices: part, from: p * share, epoch, policies, views });
    });
    const broken = (await Promise.all(parts)).flatMap((d) => d.broken);
    if (broken.length > 0) this.standIn(indices, views, policies, new Map(broken.map((b) => [b.place, b.reason])));
    let held = views;
    const release = () => {
      for (const view of held) this.spare.get(view.length)?.push(view);
      held = [];
    };
    return { indices, views, release };
  }

  private room(length: number): Uint8Array {
    const spare = this.spare.get(length) ?? [];
    this.spare.set(length, spare);
    return spare.pop() ?? new Uint8Array(new SharedArrayBuffer(length));
  }

  private ask(worker: Worker, work: Omit<Work, "id">): Promise<WorkDone> {
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((done, failed) => {
      const id = this.nextId++;
      this.pending.set(id, { done, failed });
      worker.ref();
      worker.postMessage({ id, ...work });
    });
  }

  /**
   * Puts the next readable image of the batch in the place of each broken one. Of a batch without any, views for evaluation are empty
   * where all of a set may be broken: their readers leave them out. Nothing is trained on such.
   */
  private standIn(
    indices: Int32Array,
    views: readonly Uint8Array[],
    policies: Work["policies"],
    broken: ReadonlyMap<number, string>,
  ): void {
    for (const [place, reason] of broken) {
      const index = indices[place];
      if (!this.broken.has(index)) this.options.onBroken?.(index, this.source.name(index), reason);
      this.broken.set(index, reason);
    }
    this.checkTolerance();
    const sizes = viewSizes(policies);
    const isTraining = "map" in policies;
    for (const place of broken.keys()) {
      const other = Array.from(indices, (_, i) => (place + i) % indices.length).find((p) => !broken.has(p));
      if (other === undefined && !isTraining && this.options.tolerance === 1) {
        for (const view of views) view.fill(0);
        return;
      }
      if (other === undefined)
        throw new DataError(
          "unreadable",
          said`none of ${indices.length} images of a batch can be read; the first is ${{ image: this.source.name(indices[0]) }}`,
        );
      indices[place] = indices[other];
      for (const [v, size] of sizes.entries()) views[v].copyWithin(place * size, other * size, (other + 1) * size);
    }
  }

  private checkTolerance(): void {
    const { tolerance = 0.01 } = this.options;
    const allowed = Math.max(1, Math.floor(tolerance * this.source.count));
    if (this.broken.size <= allowed) return;
    const first = [...this.broken.keys()].slice(0, 5).map(this.source.name).join(", ");
    throw new DataError(
      "unreadable",
      `${this.broken.size} images cannot be read, ${allowed} may be (${100 * tolerance} % of the set): ${first}… Remove or replace them`,
    );
  }

  /** Fails what is under way, and all that is asked from now on. */
  private end(error: Error): void {
    this.ended ??= error;
    for (const { failed } of this.pending.values()) failed(error);
    this.pending.clear();
  }
}

const encodedKinds: ReadonlySet<string> = new Set(["files", "archives", "tables"]);

/** Whether reading a set takes decoding. */
const isEncoded = ({ whole }: SourceDescription): boolean =>
  encodedKinds.has(whole.kind) || (whole.kind === "held" && whole.sizes.includes(null));

/** What `promise` gives, or the signal's reason if it aborts before. Leaves no listener behind. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((done, failed) => {
    const abort = () => failed(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(done, failed).finally(() => signal.removeEventListener("abort", abort));
  });
}
