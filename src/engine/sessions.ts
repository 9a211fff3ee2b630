/**
 * The sessions of an engine and the state they share: what runs on the engine's thread, without the messages.
 *
 * A state tensor has two places: a run reads one and writes the other, then they change roles, so that nothing is copied or
 * allocated and the state is whole when a run fails. Where a program was shown to allow it, a run writes over what it reads.
 */
import { type ErrorCode, ProviderError, type Sentence, ShapeError, said, UsageError } from "../errors.js";
import { canFollow, canHold, requireFit, requireNamed, requireWhole } from "./fit.js";
import { HeldState } from "./heldState.js";
import type { DataArray, Hosted, NamedArrays, ProgramInfo, ProgramOptions, TensorInfo, Traffic } from "./messages.js";
import { type Placement, type Watch, wholly, wouldFallBack } from "./placement.js";
import { type ProviderChoice, providers, withFix } from "./providers.js";
import { release } from "./release.js";
import type { Held, Opened, Runner, Soon } from "./runner.js";

/** A program that runs. */
interface Runnable<H> {
  opened: Opened<H>;
  /** Until a recorded run has succeeded: the same program without recording. */
  plain: (() => Soon<Opened<H>>) | null;
  /** State tensor → output. */
  readonly state: ReadonlyMap<string, string>;
  /** State that a run may write over. */
  readonly overwritten: ReadonlySet<string>;
  /** Watches the first run, where it is not known that all nodes are on the engine's provider; null afterwards. */
  watched: Watch | null;
}

/** Runs a native call; the transport marks the time in which the thread must not be ended. */
export type Guard = <T>(native: () => T | Promise<T>) => Promise<T>;

/** Called with what is found out while programs run. */
export interface Told {
  /** Where the nodes of a program run; called once for each program. */
  placed(placement: Placement): void;
  warning(message: string): void;
}

export class Sessions<H extends Held> implements Hosted {
  private readonly programs = new Map<string, Runnable<H>>();
  private readonly state: HeldState<H>;

  constructor(
    private readonly runner: Runner<H>,
    private readonly provider: ProviderChoice,
    /** Whether runs of programs that ask for it are recorded. */
    private readonly capture: boolean,
    private readonly guard: Guard,
    private readonly tell: Told,
    /** Watches a first run; null where that cannot be done: every node is then to be on the provider. */
    private readonly watch: (() => Watch) | null,
  ) {
    this.state = new HeldState(runner);
  }

  /** @throws ProviderError if the provider, or its device, is not there */
  async start(): Promise<void> {
    const { device } = this.provider;
    const which = device === null ? "" : ` for its device ${device}`;
    await this.native(`no session can be opened${which}`, () => this.runner.start(), "absent");
  }

  /** What crossed between host and device so far. */
  traffic(): Traffic {
    return this.runner.traffic();
  }

  async load(program: string, model: Uint8Array, options: ProgramOptions): Promise<ProgramInfo> {
    if (this.programs.has(program)) {
      throw new UsageError(
        "occupied",
        said`the program ${{ program }} is loaded already. Unload it first, or give another name.`,
      );
    }
    const began = performance.now();
    const { state = {}, overwritten = [] } = options;
    const { opened, watched, plain } = await this.native(said`program ${{ program }} cannot be loaded`, () =>
      this.openPlaced(program, model, options),
    );
    const { inputs, outputs } = opened;
    for (const [name, output] of Object.entries(state)) {
      const next = outputs.find((o) => o.name === output);
      const current = inputs.find((i) => i.name === name);
      if (!next || (current && !canFollow(current, next))) {
        watched?.discard();
        await opened.close();
        throw next && current
          ? new ShapeError(
              next.dtype === current.dtype ? "wrong-shape" : "wrong-dtype",
              said`program ${{ program }}: ${output} is ${{ dtype: next.dtype }}${{ shape: next.shape }} and cannot be the next value of ${{ tensor: name }}, ${current.dtype}${{ neededShape: current.shape }}.`,
            )
          : new ShapeError(
              "wrong-inputs",
              said`program ${{ program }}: ${name} is to take its next value from ${{ tensor: output }}, which is not an output (${outputs.map((o) => o.name).join(", ")}).`,
            );
      }
    }
    this.programs.set(program, {
      opened,
      plain,
      state: new Map(Object.entries(state)),
      overwritten: new Set(this.runner.overwrites ? overwritten : []),
      watched,
    });
    if (!watched && this.provider.name !== "cpu") this.tell.placed(wholly(program));
    return { inputs, outputs, seconds: (performance.now() - began) / 1000 };
  }

  async unload(program: string): Promise<void> {
    const { opened, watched, state } = this.program(program);
    this.programs.delete(program);
    watched?.discard();
    for (const name of state.keys()) this.state.forgetSpare(name);
    await this.native(said`program ${{ program }} cannot be unloaded`, () => opened.close());
  }

  async write(state: NamedArrays): Promise<void> {
    const given = Object.entries(state).map(([name, array]) => ({
      name,
      array,
      dtype: requireWhole("state", name, array),
    }));
    for (const { name, array, dtype } of given) {
      const held = this.state.get(name);
      const fits = held && canHold(held, dtype, array.shape);
      const written = await this.native(said`${{ tensor: name }} cannot be kept`, () =>
        fits ? this.runner.hold(array, held.dtype, held) : this.runner.hold(array, dtype, null),
      );
      if (held && !fits) this.runner.free(held);
      this.state.set(name, written);
      release([array]); // it has moved to this thread, and garbage collection would come late
    }
  }

  async read(names: readonly string[] | null): Promise<NamedArrays> {
    const wanted = names ?? this.names();
    const held = wanted.map((name) => this.state.required(name, "read"));
    const arrays = await this.native("the state cannot be read", async () => this.runner.read(held));
    return Object.fromEntries(wanted.map((name, i) => [name, arrays[i]]));
  }

  drop(names: readonly string[] | null): void {
    this.state.drop(names);
  }

  names(): readonly string[] {
    return this.state.names();
  }

  async run(program: string, feeds: NamedArrays, wanted: readonly string[]): Promise<NamedArrays> {
    const loaded = this.program(program);
    const { opened, state, overwritten } = loaded;
    const where = said`program ${{ program }}`;
    requireNamed(where, opened, feeds, wanted);
    const sizes = new Map<string, { size: number; from: string }>();
    const given = new Map(opened.inputs.map((i) => [i.name, this.inputTensor(where, i, feeds[i.name], sizes)]));
    const kept = new Map<string, H | null>();
    for (const [name, output] of state)
      if (!kept.has(output)) kept.set(output, this.state.placeOf(name, opened.outputs, output, overwritten.has(name)));
    if (kept.size === 0 && wanted.length === 0)
      throw new UsageError("not-given", said`${where}: no output is wanted and none is state, so nothing would run.`);
    const ran = await this.native(said`${where} failed`, async () => {
      try {
        return await this.runRecorded(program, loaded, (graph) => graph.run(given, kept, wanted));
      } catch (error) {
        this.state.lose(overwritten);
        throw error;
      }
    });
    this.placed(program, loaded);
    const adopted = new Set<string>();
    for (const [name, output] of state) {
      const next = ran.kept.get(output) as H;
      this.state.adopt(name, adopted.has(output) ? this.runner.duplicate(next) : next);
      adopted.add(output);
    }
    return ran.results;
  }

  async close(): Promise<void> {
    for (const name of [...this.programs.keys()]) await this.unload(name);
    this.drop(null);
    await this.runner.close();
  }

  /** A run; if the first recorded one fails, the program goes on without recording. */
  private async runRecorded<T>(name: string, program: Runnable<H>, run: (graph: Opened<H>) => Soon<T>): Promise<T> {
    const { plain } = program;
    program.plain = null;
    try {
      return await run(program.opened);
    } catch (error) {
      if (!plain) throw error;
      this.notRecorded(name, error);
      await program.opened.close();
      program.opened = await plain();
      return run(program.opened);
    }
  }

  private notRecorded(program: string, error: unknown): void {
    this.tell.warning(`runs of ${program} are not recorded on ${this.provider.name}: ${(error as Error).message}`);
  }

  /** A session with every node on the engine's provider, or one whose first run is watched. */
  private async openPlaced(
    program: string,
    model: Uint8Array,
    { fused = false, captured = false, state = {} }: ProgramOptions,
  ): Promise<Pick<Runnable<H>, "opened" | "watched" | "plain">> {
    const kept = new Set(Object.values(state));
    const unrecorded = { fused, captured: false, kept };
    const plain = () => this.runner.open(model, { ...unrecorded, alone: true });
    try {
      if (this.capture && captured && providers[this.provider.name].capture)
        return { opened: await this.runner.open(model, { fused, captured, kept, alone: true }), watched: null, plain };
    } catch (error) {
      this.notRecorded(program, error);
    }
    try {
      return { opened: await plain(), watched: null, plain: null };
    } catch (error) {
      if (!this.watch || !wouldFallBack.test(String(error))) throw error;
    }
    const watched = this.watch();
    try {
      const opened = await this.runner.open(model, { ...unrecorded, alone: false, profile: watched.prefix });
      return { opened, watched, plain: null };
    } catch (error) {
      watched.discard();
      throw error;
    }
  }

  private placed(name: string, program: Runnable<H>): void {
    if (!program.watched) return;
    program.opened.endProfile();
    this.tell.placed(program.watched.placement(name, providers[this.provider.name].label));
    program.watched = null;
  }

  private inputTensor(
    where: Sentence,
    expected: TensorInfo,
    fed: DataArray | undefined,
    sizes: Map<string, { size: number; from: string }>,
  ): DataArray | H {
    if (fed) {
      requireFit(where, expected, requireWhole(where, expected.name, fed), fed.shape, sizes);
      return fed;
    }
    const held = this.state.get(expected.name);
    if (!held) {
      throw new UsageError(
        "not-given",
        said`${where} reads ${{ tensor: expected.name }} (${expected.dtype}${{ neededShape: expected.shape }}), which is neither fed nor in the state. Feed it, or write it first.`,
      );
    }
    requireFit(said`${where}, from the state`, expected, held.dtype, held.shape, sizes);
    return held;
  }

  private program(name: string): Runnable<H> {
    const program = this.programs.get(name);
    if (!program) {
      throw new UsageError(
        "unknown-name",
        said`no program ${{ program: name }} is loaded. Loaded: ${[...this.programs.keys()].join(", ") || "none"}.`,
      );
    }
    return program;
  }

  private async native<T>(
    what: string | Sentence,
    call: () => T | Promise<T>,
    code?: ErrorCode<"ProviderError">,
  ): Promise<T> {
    try {
      return await this.guard(call);
    } catch (error) {
      const { name } = this.provider;
      const { message, subject }: Sentence =
        error instanceof ProviderError
          ? error
          : { message: error instanceof Error ? error.message : String(error), subject: {} };
      const reason = { message: withFix(name, message.replace(sourcePlace, "").replace(lineEnd, "")), subject };
      throw new ProviderError(
        code ?? (error instanceof ProviderError ? error.code : "failed"),
        said`${what} on ${{ provider: name }}: ${reason}`,
      );
    }
  }
}

/** How ONNX Runtime begins some messages: the place in its source and the check that failed. */
const sourcePlace = /^\/onnxruntime_src\/.*?(?: was false\. |\[ONNXRuntimeError\] : \d+ : \w+ : )/s;
/** How it ends some: also with the two letters that stand for a line's end in its source. */
const lineEnd = /(?:\\n|\s)+$/;
