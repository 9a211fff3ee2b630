/**
 * The sessions of an engine and the state they share: what runs on the engine's thread, without the messages.
 *
 * A state tensor is replaced by adopting the output of the run, and the old one is freed at once. Preallocated outputs
 * (`run(feeds, fetches)`) gain nothing here: onnxruntime-node 1.30 writes into them and then copies each into a new array
 * all the same (100 MB: 69.5 ms with, 71 ms without). Adopting is also what device tensors need, it keeps the state whole
 * when a run fails, and no tensor is ever input and output at once.
 */
import { env, InferenceSession, Tensor } from "onnxruntime-node";
import { ProviderError, ShapeError, UsageError } from "../errors.js";
import { decodeModel, encodeModel } from "../onnx/index.js";
import { requireFit, requireWhole } from "./fit.js";
import { bytesOf, DeviceMemory, hostMemory, type StateMemory, type Traffic } from "./memory.js";
import type { DataArray, Elements, Hosted, NamedArrays, ProgramInfo, ProgramOptions, TensorInfo } from "./messages.js";
import { FirstRun, nothingElse, type Placement, wholly, wouldFallBack } from "./placement.js";
import { optionsOf, type ProviderChoice, providers, withFix } from "./providers.js";

interface Program {
  readonly session: InferenceSession;
  readonly inputs: readonly TensorInfo[];
  /** State tensor → output. */
  readonly state: ReadonlyMap<string, string>;
  /** Until its first run, where its nodes are not known to be all on the engine's provider. */
  watched: FirstRun | null;
}

// Errors come back as rejections; what providers print past a session's own level (CUDA, of every ScatterND) is no news.
env.logLevel = "fatal";

/** Runs a native call; the transport marks the time in which the thread must not be ended. */
export type Guard = <T>(native: () => Promise<T>) => Promise<T>;

export class Sessions implements Hosted {
  private readonly programs = new Map<string, Program>();
  private readonly state = new Map<string, Tensor>();
  /** The session that made a tensor of the state. */
  private readonly makers = new WeakMap<Tensor, InferenceSession>();
  private readonly moved = { toDevice: 0, fromDevice: 0 };
  private readonly memory: StateMemory;

  /** @param onPlaced - told where the nodes of a program run, once for each */
  constructor(
    private readonly provider: ProviderChoice,
    private readonly threads: number,
    private readonly guard: Guard,
    private readonly onPlaced: (placement: Placement) => void,
  ) {
    this.memory =
      providers[provider.name].state === "host"
        ? hostMemory
        : new DeviceMemory(
            (model, at) =>
              this.native("a copy cannot be made", () => this.create(model, { preferredOutputLocation: at })),
            (session, given) => this.native("a copy failed", () => session.run(given)),
            (traffic) => this.count(traffic),
          );
  }

  /** What crossed between host and device so far. */
  traffic(): Traffic {
    return { ...this.moved };
  }

  async load(program: string, model: Uint8Array, { state = {}, fused = false }: ProgramOptions): Promise<ProgramInfo> {
    if (this.programs.has(program)) {
      throw new UsageError(`the program ${program} is loaded already. Unload it first, or give another name.`);
    }
    const began = performance.now();
    const { session, watched } = await this.native(`program ${program} cannot be loaded`, () =>
      this.createPlaced(model, Object.values(state), { graphOptimizationLevel: fused ? "basic" : "all" }),
    );
    const inputs = session.inputMetadata.map(tensorInfo);
    const outputs = session.outputMetadata.map(tensorInfo);
    for (const [name, output] of Object.entries(state)) {
      const next = outputs.find((o) => o.name === output);
      const current = inputs.find((i) => i.name === name);
      if (!next || (current && !canFollow(current, next))) {
        watched?.discard();
        await session.release();
        throw new ShapeError(
          next && current
            ? `program ${program}: ${output} is ${next.dtype}[${next.shape}] and cannot be the next value of ${name}, ${current.dtype}[${current.shape}].`
            : `program ${program}: ${name} is to take its next value from ${output}, which is not an output (${outputs.map((o) => o.name).join(", ")}).`,
        );
      }
    }
    this.programs.set(program, { session, inputs, state: new Map(Object.entries(state)), watched });
    if (!watched && this.provider.name !== "cpu") this.onPlaced(wholly(program));
    return { inputs, outputs, seconds: (performance.now() - began) / 1000 };
  }

  async unload(program: string): Promise<void> {
    const { session, watched, state } = this.program(program);
    for (const name of state.keys()) {
      const tensor = this.state.get(name);
      if (tensor && this.makers.get(tensor) === session) this.replace(name, await this.memory.outlive(tensor));
    }
    this.programs.delete(program);
    watched?.discard();
    await this.native(`program ${program} cannot be unloaded`, () => session.release());
  }

  async write(state: NamedArrays): Promise<void> {
    const made = Object.entries(state).map(([name, array]) => {
      const type = requireWhole("state", name, array);
      return [name, new Tensor(type, array.data as Tensor["data"], array.shape)] as const;
    });
    for (const [name, tensor] of made) this.replace(name, await this.memory.place(tensor));
  }

  async read(names: readonly string[] | null): Promise<NamedArrays> {
    const tensors = (names ?? this.names()).map((name) => [name, this.required(name, "read")] as const);
    const arrays: Record<string, DataArray> = {};
    for (const [name, tensor] of tensors) arrays[name] = await this.memory.read(tensor);
    return arrays;
  }

  drop(names: readonly string[] | null): void {
    const dropped = (names ?? this.names()).map((name) => [name, this.required(name, "drop")] as const);
    for (const [name, tensor] of dropped) {
      this.state.delete(name);
      this.memory.free(tensor);
    }
  }

  names(): readonly string[] {
    return [...this.state.keys()];
  }

  async run(program: string, feeds: NamedArrays, wanted: readonly string[]): Promise<NamedArrays> {
    const loaded = this.program(program);
    const { session, inputs, state } = loaded;
    const where = `program ${program}`;
    for (const name of Object.keys(feeds)) {
      if (!inputs.some((i) => i.name === name)) {
        throw new UsageError(`${where} has no input ${name}. Its inputs are ${inputs.map((i) => i.name).join(", ")}.`);
      }
    }
    for (const name of wanted) {
      if (!session.outputNames.includes(name)) {
        throw new UsageError(`${where} has no output ${name}. Its outputs are ${session.outputNames.join(", ")}.`);
      }
    }
    const sizes = new Map<string, { size: number; from: string }>();
    const tensors = Object.fromEntries(inputs.map((i) => [i.name, this.inputTensor(where, i, feeds[i.name], sizes)]));
    const outputs = [...new Set([...state.values(), ...wanted])];
    if (outputs.length === 0)
      throw new UsageError(`${where}: no output is wanted and none is state, so nothing would run.`);
    const results = await this.native(`${where} failed`, () => session.run(tensors, outputs));
    if (loaded.watched) this.onPlaced(loaded.watched.placement(program, session, providers[this.provider.name].label));
    loaded.watched = null;
    this.count({ toDevice: hostBytes(Object.values(tensors)), fromDevice: hostBytes(Object.values(results)) });
    const next = new Set(state.values());
    const answer: Record<string, DataArray> = {};
    for (const name of wanted)
      answer[name] = next.has(name) ? await this.memory.read(results[name]) : arrayOf(results[name]);
    const adopted = new Set<string>();
    for (const [name, output] of state) {
      const tensor = adopted.has(output) ? await this.memory.duplicate(results[output]) : results[output];
      if (!adopted.has(output)) this.makers.set(tensor, session);
      adopted.add(output);
      this.replace(name, tensor);
    }
    return answer;
  }

  async close(): Promise<void> {
    this.drop(null);
    for (const name of [...this.programs.keys()]) await this.unload(name);
    await this.memory.close();
  }

  private create(model: Uint8Array, options: InferenceSession.SessionOptions): Promise<InferenceSession> {
    const { name, device } = this.provider;
    return InferenceSession.create(model, {
      ...providers[name].session,
      executionProviders: [{ name, ...optionsOf(this.provider), ...(device === null ? {} : { deviceId: device }) }],
      enableMemPattern: false, // planned memory is no faster here and takes a third more
      logSeverityLevel: 4, // errors come back as rejections: not on stderr too
      intraOpNumThreads: this.threads,
      ...options,
    });
  }

  /** A session with every node on the engine's provider, or one whose first run is watched. */
  private async createPlaced(
    model: Uint8Array,
    stateOutputs: readonly string[],
    options: InferenceSession.SessionOptions,
  ): Promise<{ session: InferenceSession; watched: FirstRun | null }> {
    if (this.provider.name === "cpu") return { session: await this.create(model, options), watched: null };
    const ordered = this.memory.location === "cpu" ? model : stateFirst(model, new Set(stateOutputs));
    const preferredOutputLocation = Object.fromEntries(stateOutputs.map((output) => [output, this.memory.location]));
    try {
      return {
        session: await this.create(ordered, { ...options, preferredOutputLocation, extra: nothingElse }),
        watched: null,
      };
    } catch (error) {
      if (!wouldFallBack.test(String(error))) throw error;
    }
    const watched = new FirstRun();
    try {
      return {
        session: await this.create(ordered, { ...options, preferredOutputLocation, ...watched.options }),
        watched,
      };
    } catch (error) {
      watched.discard();
      throw error;
    }
  }

  private count({ toDevice = 0, fromDevice = 0 }: Partial<Traffic>): void {
    if (this.provider.name === "cpu") return;
    this.moved.toDevice += toDevice;
    this.moved.fromDevice += fromDevice;
  }

  private inputTensor(
    where: string,
    expected: TensorInfo,
    fed: DataArray | undefined,
    sizes: Map<string, { size: number; from: string }>,
  ): Tensor {
    if (fed) {
      requireFit(where, expected, requireWhole(where, expected.name, fed), fed.shape, sizes);
      return new Tensor(expected.dtype as "float32", fed.data as Float32Array, fed.shape);
    }
    const held = this.state.get(expected.name);
    if (!held) {
      throw new UsageError(
        `${where} reads ${expected.name} (${expected.dtype}[${expected.shape}]), which is neither fed nor in the state. Feed it, or write it first.`,
      );
    }
    requireFit(`${where}, from the state`, expected, held.type, held.dims, sizes);
    return held.type === expected.dtype ? held : new Tensor("bool", held.data as Uint8Array, held.dims);
  }

  private replace(name: string, tensor: Tensor): void {
    const old = this.state.get(name);
    this.state.set(name, tensor);
    if (old && old !== tensor) this.memory.free(old);
  }

  private required(name: string, verb: string): Tensor {
    const tensor = this.state.get(name);
    if (!tensor)
      throw new UsageError(`the state has no ${name} to ${verb}. It has ${this.names().join(", ") || "nothing"}.`);
    return tensor;
  }

  private program(name: string): Program {
    const program = this.programs.get(name);
    if (!program) {
      throw new UsageError(`no program ${name} is loaded. Loaded: ${[...this.programs.keys()].join(", ") || "none"}.`);
    }
    return program;
  }

  private async native<T>(what: string, call: () => Promise<T>): Promise<T> {
    try {
      return await this.guard(call);
    } catch (error) {
      const said = (error instanceof Error ? error.message : String(error)).replace(sourcePlace, "");
      throw new ProviderError(`${what} on ${this.provider.name}: ${withFix(this.provider.name, said)}`);
    }
  }
}

/** How ONNX Runtime begins some messages: the place in its source and the check that failed. */
const sourcePlace = /^\/onnxruntime_src\/.* was false\. /s;

function tensorInfo(value: InferenceSession.ValueMetadata): TensorInfo {
  if (!value.isTensor) throw new ProviderError(`${value.name} is not a tensor: engines run graphs of tensors only.`);
  return { name: value.name, dtype: value.type, shape: value.shape };
}

/**
 * The model with the outputs that become state before all others. onnxruntime-node 1.30 takes the location of the i-th output
 * that a run wants from the model's i-th output: the two agree if those on the device come first and are always wanted.
 */
function stateFirst(model: Uint8Array, isState: ReadonlySet<string>): Uint8Array {
  if (isState.size === 0) return model;
  const content = decodeModel(model);
  const [kept, others] = [true, false].map((wanted) => content.outputs.filter((v) => isState.has(v.name) === wanted));
  return encodeModel({ ...content, outputs: [...kept, ...others] });
}

/** Whether known sizes and dtypes agree; names may differ. */
function canFollow(current: TensorInfo, next: TensorInfo): boolean {
  return (
    current.dtype === next.dtype &&
    current.shape.length === next.shape.length &&
    current.shape.every((d, i) => typeof d === "string" || typeof next.shape[i] === "string" || d === next.shape[i])
  );
}

const arrayOf = (tensor: Tensor): DataArray => ({ shape: tensor.dims, data: tensor.data as Elements });

const hostBytes = (tensors: readonly Tensor[]): number =>
  tensors.filter((t) => t.location === "cpu").reduce((bytes, t) => bytes + bytesOf(t), 0);
