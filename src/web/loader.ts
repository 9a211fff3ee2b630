/** Batches of views in a page, made ahead of training by workers, while the engine's worker computes. */
import { type EvaluationPolicy, type ViewPolicy, viewSizes } from "../data/augment/index.js";
import type { Batch, BatchRequest, Loader } from "../data/index.js";
import { DataError, errorFrom, said } from "../errors.js";
import type { PageImage, PageImages } from "./images.js";
import { blocksOf, type FromLoader, type ToLoader } from "./loaderWorker/index.js";
import { ViewMaker, type WantedViews } from "./loaderWorker/viewMaker.js";

/** How a page's loader loads. */
export interface PageLoaderOptions {
  readonly seed: number;
  /**
   * Workers of its own, modules whose scripts call `serveLoader` of `hcsc/web/loader`; they end with the loader. Default none: views are
   * made on the thread that asks for them.
   */
  readonly workers?: readonly Worker[];
  /** Bytes of decoded pixels that are kept for later epochs, all workers together; default 256 MB. */
  readonly keep?: number;
}

/** Batches under way at once. */
const lookahead = 3;

/**
 * Opens a loader of images. The views of (seed, epoch, image) are those that they have in Node, byte for byte, however many workers
 * make them.
 */
export function openLoader(
  { images }: Pick<PageImages, "images">,
  { seed, workers = [], keep = 256e6 }: PageLoaderOptions,
): Loader {
  const each = Math.floor(keep / Math.max(1, workers.length));
  const makers =
    workers.length > 0
      ? workers.map((worker) => new WorkerMaker(worker, images, seed, each))
      : [ownThread(new ViewMaker({ images, seed, keep: each }))];
  return new PageLoader(makers);
}

/** Makes views in arrays that are its own meanwhile. */
interface Maker {
  make(wanted: WantedViews): Promise<readonly Uint8Array[]>;
  close(): void;
}

const ownThread = (maker: ViewMaker): Maker => ({
  make: async (wanted) => {
    await maker.write(wanted);
    return wanted.views;
  },
  close: () => {},
});

/** A loader's worker. */
class WorkerMaker implements Maker {
  private readonly pending = new Map<
    number,
    { readonly done: (views: readonly Uint8Array[]) => void; readonly failed: (error: Error) => void }
  >();
  private nextId = 0;
  private ended: Error | null = null;

  constructor(
    private readonly worker: Worker,
    images: readonly PageImage[],
    seed: number,
    keep: number,
  ) {
    worker.addEventListener("message", ({ data }: MessageEvent<FromLoader>) => this.receive(data));
    worker.addEventListener("error", ({ message }) => this.end(message || "its script cannot be loaded"));
    this.post({ begin: { images, seed, keep } }, []);
  }

  make(wanted: WantedViews): Promise<readonly Uint8Array[]> {
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((done, failed) => {
      const id = this.nextId++;
      this.pending.set(id, { done, failed });
      this.post({ id, wanted }, blocksOf(wanted.views));
    });
  }

  close(): void {
    this.worker.terminate();
    this.end("the loader is closed");
  }

  private post(message: ToLoader, moved: ArrayBuffer[]): void {
    this.worker.postMessage(message, moved);
  }

  private receive({ id, views, error }: FromLoader): void {
    const waiting = this.pending.get(id);
    this.pending.delete(id);
    if (!error) waiting?.done(views);
    else
      waiting?.failed(
        "code" in error
          ? errorFrom(error)
          : new DataError("loading-failed", said`views cannot be made: ${error.message}`),
      );
  }

  private end(why: string): void {
    this.ended ??= new DataError("loading-failed", said`no more images can be loaded: ${why}`);
    for (const { failed } of this.pending.values()) failed(this.ended);
    this.pending.clear();
  }
}

class PageLoader implements Loader {
  waitedSeconds = 0;
  readonly broken: ReadonlyMap<number, string> = new Map();
  readonly kept = { images: 0, bytes: 0, room: 0 };
  /** Arrays given back, by length. */
  private readonly spare = new Map<number, Uint8Array[]>();

  constructor(private readonly makers: readonly Maker[]) {}

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

  async close(): Promise<void> {
    for (const maker of this.makers) maker.close();
  }

  private async *batches(
    requests: Iterable<BatchRequest>,
    policies: readonly ViewPolicy[] | EvaluationPolicy,
    signal?: AbortSignal,
  ): AsyncGenerator<Batch> {
    const underWay: Promise<Batch>[] = [];
    for (const request of requests) {
      underWay.push(this.batch(request, policies));
      underWay.at(-1)?.catch(() => {}); // raised where it is waited for
      if (underWay.length >= lookahead) yield await this.next(underWay, signal);
    }
    while (underWay.length > 0) yield await this.next(underWay, signal);
  }

  private async next(underWay: Promise<Batch>[], signal: AbortSignal | undefined): Promise<Batch> {
    signal?.throwIfAborted();
    const began = performance.now();
    const batch = await (underWay.shift() as Promise<Batch>);
    this.waitedSeconds += (performance.now() - began) / 1000;
    return batch;
  }

  /** Each image is always the same maker's, which may have its pixels still. */
  private async batch({ indices, epoch }: BatchRequest, policies: WantedViews["policies"]): Promise<Batch> {
    const sizes = viewSizes(policies);
    const parts = this.makers.map((_, m) =>
      Int32Array.from(indices.keys()).filter((place) => indices[place] % this.makers.length === m),
    );
    const made = await Promise.all(
      this.makers.map((maker, m) => {
        const own = parts[m].map((place) => indices[place]);
        // Room for a whole batch, so that all arrays are of a few lengths and serve again.
        const views = sizes.map((size) => this.room(size * indices.length));
        return maker.make({ indices: own, epoch, policies, views });
      }),
    );
    if (made.length === 1) return this.whole(indices, made[0]);
    const views = sizes.map((size, v) => {
      const view = this.room(size * indices.length);
      for (const [m, places] of parts.entries())
        for (const [at, place] of places.entries())
          view.set(made[m][v].subarray(at * size, (at + 1) * size), place * size);
      return view;
    });
    for (const part of made) this.giveBack(part);
    return this.whole(indices, views);
  }

  private whole(indices: Int32Array, views: readonly Uint8Array[]): Batch {
    let held = views;
    const release = () => {
      this.giveBack(held);
      held = [];
    };
    return { indices: indices.slice(), views, release };
  }

  private room(length: number): Uint8Array {
    return this.spare.get(length)?.pop() ?? new Uint8Array(length);
  }

  private giveBack(views: readonly Uint8Array[]): void {
    for (const view of views) this.spare.set(view.length, [...(this.spare.get(view.length) ?? []), view]);
  }
}
