/**
 * An engine as its caller sees it. Its sessions live on one worker thread (engineThread.ts).
 *
 * Why a thread and not a child process (Node 20.20, onnxruntime-node 1.30, 2 cores, [32,3,128,108] float32 = 5.3 MB fed, a
 * scalar back, median of 150):
 *
 *                                        thread      child process (fork, advanced serialization)
 *   start and first session              61 ms       111 ms
 *   one run (0.16 ms called directly)    0.52 ms     6.35 ms
 *   of which the caller is blocked       0.20 ms     2.98 ms
 *   30 engines in turn, 3 at once        right       right
 *   SIGINT to the group in a run         run goes on  run goes on, if the child ignores the signal
 *   process.exit(3) in a run             abort (134)  3, after a noise line on stderr
 *   native abort in the engine           ends all     rejected, naming the signal
 *
 * The crashes that public reports give for several threads (onnxruntime#24486) do not occur in 1.30, which keeps its data per
 * thread. The one weakness, ending the process while a native call is under way, is closed by exitGuard.ts.
 */
import { availableParallelism } from "node:os";
import { listSupportedBackends } from "onnxruntime-node";
import type { DenseArray } from "../array.js";
import { ProviderError, said, UsageError } from "../errors.js";
import { withoutTelemetry } from "../ort/index.js";
import type { Precision } from "../precision.js";
import { type AutoChoice, autoProvider } from "./auto.js";
import type { EngineOptions } from "./engineOptions.js";
import { engineThread, type News } from "./engineThread.js";
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
import { type Provider, requireProvider } from "./providers.js";

/**
 * Programs and the state they share. Requests are carried out in the order in which they are made, so several may be made
 * without waiting. Errors: UsageError for unknown names and missing tensors, ShapeError for a dtype or shape that a program
 * does not take (naming program and tensor), ProviderError for what ONNX Runtime says and for an engine that has ended. They cross
 * from the engine's thread with their class, code, subject and settings.
 */
export interface Engine {
  readonly backend: Backend;
  readonly provider: Provider;
  readonly precision: Precision;
  /** Makes the session of an ONNX model under a name. */
  load(program: string, model: Uint8Array, options?: ProgramOptions): Promise<ProgramInfo>;
  unload(program: string): Promise<void>;
  /** Sets state tensors; the arrays are copied before this returns. */
  write(state: NamedArrays): Promise<void>;
  /** Copies of state tensors; all if no names are given. */
  read(names?: readonly string[]): Promise<Record<string, DenseArray>>;
  /** Forgets state tensors; all if no names are given. */
  drop(names?: readonly string[]): Promise<void>;
  /** The names of the state tensors. */
  names(): Promise<readonly string[]>;
  /**
   * Runs a program. Inputs that are not fed come from the state; outputs that its `state` names replace the state, all or, if
   * the run fails, none; the wanted outputs come back.
   *
   * @param feeds - copied before this returns, so the caller may fill them anew; shared memory is allowed
   */
  run(program: string, feeds: NamedArrays, wanted: readonly string[]): Promise<Record<string, DenseArray>>;
  /** Bytes that crossed between host and device so far; none on the CPU. */
  traffic(): Promise<Traffic>;
  /** The kernels of this library's own that its graphs may have nodes for. */
  kernels(): Promise<"cuda" | null>;
  /** Finishes what was asked and releases everything. */
  close(): Promise<void>;
}

/**
 * Opens an engine. It keeps the process alive only while requests are pending, so a forgotten `close` does no harm.
 *
 * @throws ProviderError if the provider or its device is not there; UsageError if `threads` is not a positive integer
 */
export async function openEngine({
  backend = "onnxruntime-node",
  provider = "cpu",
  threads = availableParallelism(),
  precision = "fp32",
  crossCheck = true,
  capture = true,
  onChosen = () => {},
  onPlaced = () => {},
  onChecked = () => {},
  onWarning = (message) => process.emitWarning(message),
}: EngineOptions = {}): Promise<Engine> {
  const choice = requireProvider(
    await named(provider, precision, onChosen),
    listSupportedBackends().map((b) => b.name),
    precision,
  );
  if (backend === "ort-training" && choice.name !== "cpu")
    throw new UsageError(
      "unsupported",
      said`the backend ${{ backend }} runs on the CPU only, not on ${{ provider: choice.name }}. Take the provider cpu.`,
      { settings: ["provider"] },
    );
  if (!(Number.isInteger(threads) && threads >= 1)) {
    throw new UsageError("wrong-value", said`${{ field: "threads" }} is ${threads}. Give a whole number from 1.`);
  }
  withoutTelemetry();
  const told = { onPlaced, onChecked, onWarning };
  const engine = new ThreadEngine({ backend, provider: choice, threads, crossCheck, capture }, told);
  await engine.open().catch(async (error) => {
    await engine.close().catch(() => {});
    throw error;
  });
  return engine;
}

/** A provider's name, or the one that `auto` means here. */
async function named(provider: string, precision: Precision, onChosen: (choice: AutoChoice) => void): Promise<string> {
  const [auto, device] = /^auto(?::(\d+))?$/.exec(provider) ?? [];
  if (auto === undefined) return provider;
  const choice = await autoProvider(device === undefined ? null : Number(device), precision);
  onChosen(choice);
  return choice.provider;
}

class ThreadEngine implements Engine {
  private readonly thread = engineThread();
  private readonly memory: FeedMemory;
  private closing: Promise<void> | null = null;

  readonly backend: Backend;
  readonly provider: Provider;
  readonly precision: Precision;

  constructor(
    private readonly options: HostOptions,
    private readonly told: Required<Pick<EngineOptions, "onPlaced" | "onChecked" | "onWarning">>,
  ) {
    this.memory = new FeedMemory(options.provider.name !== "cpu");
    this.backend = options.backend;
    this.provider = options.provider.name;
    this.precision = options.provider.precision;
  }

  async open(): Promise<void> {
    await this.ask("open", this.options);
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
    return this.thread.ask(call, ask, this.hear, moved);
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
