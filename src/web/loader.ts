/** Batches of views in a page, made on the thread that asks for them while the engine's worker computes. */
import { type EvaluationPolicy, type ViewPolicy, viewSizes, writeViews } from "../data/augment/index.js";
import type { Batch, BatchRequest, ImageSource, Loader } from "../data/index.js";

/** Opens a loader over images that can all be read. The views of (seed, epoch, image) are those that they have in Node, byte for byte. */
export const openLoader = (source: ImageSource, seed: number): Loader => new OwnThreadLoader(source, seed);

class OwnThreadLoader implements Loader {
  waitedSeconds = 0;
  readonly broken: ReadonlyMap<number, string> = new Map();
  readonly kept = { images: 0, bytes: 0, room: 0 };
  /** Arrays given back, by length. */
  private readonly spare = new Map<number, Uint8Array[]>();

  constructor(
    private readonly source: ImageSource,
    private readonly seed: number,
  ) {}

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

  async close(): Promise<void> {}

  private async *batches(
    requests: Iterable<BatchRequest>,
    policies: readonly ViewPolicy[] | EvaluationPolicy,
    signal?: AbortSignal,
  ): AsyncGenerator<Batch> {
    for (const { indices, epoch } of requests) {
      signal?.throwIfAborted();
      const began = performance.now();
      const views = viewSizes(policies).map((size) => this.room(size * indices.length));
      for (const [place, index] of indices.entries())
        writeViews(await this.source.read(index), index, place, { seed: this.seed, epoch, policies, views });
      this.waitedSeconds += (performance.now() - began) / 1000;
      let held = views;
      const release = () => {
        for (const view of held) this.spare.get(view.length)?.push(view);
        held = [];
      };
      yield { indices: indices.slice(), views, release };
    }
  }

  private room(length: number): Uint8Array {
    const spare = this.spare.get(length) ?? [];
    this.spare.set(length, spare);
    return spare.pop() ?? new Uint8Array(length);
  }
}
