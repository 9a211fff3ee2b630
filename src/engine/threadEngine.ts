/** An engine whose sessions live on a thread: requests go there as messages, arrays as copies that move. */
import type { DenseArray } from "../array.js";
import { ProviderError } from "../errors.js";
import type { Precision } from "../precision.js";
import type { CrossCheck } from "./crossCheck.js";
import type { Engine } from "./engine.js";
import { copyOnto, FeedMemory } from "./feedMemory.js";
import type {
  Backend,
  CallName,
  Calls,
  Elements,
  HostOptions,
  NamedArrays,
  ProgramInfo,
  ProgramOptions,
  Traffic,
} from "./messages.js";
import type { Placement } from "./placement.js";
import type { Provider } from "./providers.js";
import type { News, Requests } from "./requests.js";

/** Where an engine's sessions live. */
export interface EngineThread {
  readonly requests: Requests;
  /** Closes the engine. */
  close(options: HostOptions, hear: (news: News) => void): Promise<void>;
}

/** What is done with what is found out while programs run. */
export interface EngineListener {
  onPlaced(placement: Placement): void;
  onChecked(check: CrossCheck): void;
  onWarning(message: string): void;
}

/** An engine on a thread. */
export class ThreadEngine implements Engine {
  private readonly memory: FeedMemory;
  private closing: Promise<void> | null = null;

  readonly backend: Backend;
  readonly provider: Provider;
  readonly precision: Precision;

  private constructor(
    private readonly thread: EngineThread,
    private readonly options: HostOptions,
    private readonly told: EngineListener,
    shares: boolean,
  ) {
    this.memory = new FeedMemory(shares);
    this.backend = options.backend;
    this.provider = options.provider.name;
    this.precision = options.provider.precision;
  }

  /**
   * Opens an engine on a thread, which is closed if that fails.
   *
   * @param shares - whether feeds go there in shared memory
   */
  static async open(
    thread: EngineThread,
    options: HostOptions,
    told: EngineListener,
    shares: boolean,
  ): Promise<ThreadEngine> {
    const engine = new ThreadEngine(thread, options, told, shares);
    await engine.ask("open", options).catch(async (error) => {
      await engine.close().catch(() => {});
      throw error;
    });
    return engine;
  }

  load(program: string, model: Uint8Array, options: ProgramOptions = {}): Promise<ProgramInfo> {
    const copy = new Uint8Array(model); // not on shared memory
    const { state = {}, trainable = [], overwritten = [], vectors = {}, captured = false, fused = false } = options;
    const given = { state, trainable, overwritten, vectors, captured, fused }; // options may be a whole program: send only these
    return this.ask("load", { program, model: copy, options: given }, [copy.buffer]);
  }

  async unload(program: string): Promise<void> {
    await this.ask("unload", { program });
  }

  async write(state: NamedArrays): Promise<void> {
    const copies = mapped(state, (data) => copyOnto(new ArrayBuffer(data.byteLength), data));
    await this.ask("write", { state: copies }, blocks(copies));
  }

  read(names?: readonly string[]): Promise<Record<string, DenseArray>> {
    return this.ask("read", { names: names ?? null }) as Promise<Record<string, DenseArray>>;
  }

  async drop(names?: readonly string[]): Promise<void> {
    await this.ask("drop", { names: names ?? null });
  }

  names(): Promise<readonly string[]> {
    return this.ask("names", null);
  }

  run(program: string, feeds: NamedArrays, wanted: readonly string[]): Promise<Record<string, DenseArray>> {
    const copies = mapped(feeds, (data) => this.memory.copy(data));
    const asked = this.ask("run", { program, feeds: copies, wanted: [...wanted] }, blocks(copies));
    return asked as Promise<Record<string, DenseArray>>;
  }

  traffic(): Promise<Traffic> {
    return this.ask("traffic", null);
  }

  kernels(): Promise<"cuda" | null> {
    return this.ask("kernels", null);
  }

  close(): Promise<void> {
    this.closing ??= this.thread.close(this.options, this.hear);
    return this.closing;
  }

  private ask<K extends CallName>(
    call: K,
    ask: Calls[K]["ask"],
    moved: ArrayBuffer[] = [],
  ): Promise<Calls[K]["answer"]> {
    if (this.closing)
      return Promise.reject(new ProviderError("ended", `the engine is closed: ${call} cannot be done.`));
    return this.thread.requests.ask(call, ask, this.hear, moved);
  }

  private readonly hear = ({ placed, checked, warnings, spent = [] }: News): void => {
    for (const message of warnings) this.told.onWarning(message);
    for (const placement of placed) this.told.onPlaced(placement);
    for (const check of checked) this.told.onChecked(check);
    for (const block of spent) this.memory.giveBack(block);
  };
}

function mapped(arrays: NamedArrays, copy: (data: Elements) => Elements): NamedArrays {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, { shape: [...shape], data: copy(data) }]),
  );
}

/** The memory blocks of arrays that can be moved. */
const blocks = (arrays: NamedArrays): ArrayBuffer[] =>
  Object.values(arrays).flatMap(({ data: { buffer } }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
