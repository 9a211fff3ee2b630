/**
 * The sessions of an engine and the state they share: what runs on the engine's thread, without the messages.
 *
 * A state tensor is replaced by adopting the output of the run, and the old one is freed at once. Preallocated outputs
 * (`run(feeds, fetches)`) gain nothing here: onnxruntime-node 1.30 writes into them and then copies each into a new array
 * all the same (100 MB: 69.5 ms with, 71 ms without). Adopting is also what device tensors need, it keeps the state whole
 * when a run fails, and no tensor is ever input and output at once.
 */
import { MessageChannel } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { ProviderError, ShapeError, UsageError } from "../errors.js";
import { requireFit, requireWhole } from "./fit.js";
import type { DataArray, Elements, NamedArrays, ProgramInfo, ProgramOptions, TensorInfo } from "./messages.js";
import { type Provider, providers } from "./providers.js";

interface Program {
  readonly session: InferenceSession;
  readonly inputs: readonly TensorInfo[];
  /** State tensor → output. */
  readonly state: ReadonlyMap<string, string>;
}

/** Runs a native call; the transport marks the time in which the thread must not be ended. */
export type Guard = <T>(native: () => Promise<T>) => Promise<T>;

export class Sessions {
  private readonly programs = new Map<string, Program>();
  private readonly state = new Map<string, Tensor>();

  constructor(
    private readonly provider: Provider,
    private readonly threads: number,
    private readonly guard: Guard,
  ) {}

  async load(program: string, model: Uint8Array, { state = {} }: ProgramOptions): Promise<ProgramInfo> {
    if (this.programs.has(program)) {
      throw new UsageError(`the program ${program} is loaded already. Unload it first, or give another name.`);
    }
    const began = performance.now();
    const session = await this.native(`program ${program} cannot be loaded`, () =>
      InferenceSession.create(model, {
        ...providers[this.provider].session,
        executionProviders: [this.provider],
        enableMemPattern: false, // planned memory is no faster here and takes a third more
        logSeverityLevel: 4, // errors come back as rejections: not on stderr too
        intraOpNumThreads: this.threads,
      }),
    );
    const inputs = session.inputMetadata.map(tensorInfo);
    const outputs = session.outputMetadata.map(tensorInfo);
    for (const [name, output] of Object.entries(state)) {
      const next = outputs.find((o) => o.name === output);
      const current = inputs.find((i) => i.name === name);
      if (!next || (current && !canFollow(current, next))) {
        await session.release();
        throw new ShapeError(
          next && current
            ? `program ${program}: ${output} is ${next.dtype}[${next.shape}] and cannot be the next value of ${name}, ${current.dtype}[${current.shape}].`
            : `program ${program}: ${name} is to take its next value from ${output}, which is not an output (${outputs.map((o) => o.name).join(", ")}).`,
        );
      }
    }
    this.programs.set(program, { session, inputs, state: new Map(Object.entries(state)) });
    return { inputs, outputs, seconds: (performance.now() - began) / 1000 };
  }

  async unload(program: string): Promise<void> {
    const { session } = this.program(program);
    this.programs.delete(program);
    await this.native(`program ${program} cannot be unloaded`, () => session.release());
  }

  write(state: NamedArrays): void {
    const made = Object.entries(state).map(([name, array]) => {
      const type = requireWhole("state", name, array);
      return [name, new Tensor(type, array.data as Tensor["data"], array.shape)] as const;
    });
    for (const [name, tensor] of made) this.replace(name, tensor);
  }

  read(names: readonly string[] | null): NamedArrays {
    return Object.fromEntries((names ?? this.names()).map((name) => [name, copyOf(this.required(name, "read"))]));
  }

  drop(names: readonly string[] | null): void {
    const dropped = (names ?? this.names()).map((name) => [name, this.required(name, "drop")] as const);
    for (const [name, tensor] of dropped) {
      this.state.delete(name);
      free([tensor]);
    }
  }

  names(): readonly string[] {
    return [...this.state.keys()];
  }

  async run(program: string, feeds: NamedArrays, wanted: readonly string[]): Promise<NamedArrays> {
    const { session, inputs, state } = this.program(program);
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
    const next = new Set(state.values());
    const answer = Object.fromEntries(
      wanted.map((name) => [name, next.has(name) ? copyOf(results[name]) : arrayOf(results[name])]),
    );
    const adopted = new Map<Tensor, string>();
    for (const [name, output] of state) {
      const other = adopted.get(results[output]);
      this.replace(name, other === undefined ? results[output] : duplicate(results[output]));
      adopted.set(results[output], name);
    }
    return answer;
  }

  async close(): Promise<void> {
    for (const name of [...this.programs.keys()]) await this.unload(name);
    this.drop(null);
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
    if (old) free([old]);
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
      throw new ProviderError(`${what} on ${this.provider}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function tensorInfo(value: InferenceSession.ValueMetadata): TensorInfo {
  if (!value.isTensor) throw new ProviderError(`${value.name} is not a tensor: engines run graphs of tensors only.`);
  return { name: value.name, dtype: value.type, shape: value.shape };
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
const copyOf = (tensor: Tensor): DataArray => ({ shape: tensor.dims, data: (tensor.data as Elements).slice() });
const duplicate = (tensor: Tensor): Tensor =>
  new Tensor(tensor.type as "float32", (tensor.data as Float32Array).slice(), tensor.dims);

const { port1: nowhere, port2: closed } = new MessageChannel();
closed.close();
nowhere.unref();

/**
 * Frees the memory of tensors now. Garbage collection would lag behind by several states: it counts objects, not their
 * megabytes. A message to a port whose other end is closed takes its transferred arrays with it.
 */
function free(tensors: readonly Tensor[]): void {
  const buffers = tensors.map((t) => (t.data as Elements).buffer as ArrayBuffer).filter((b) => b.byteLength >= 1 << 16);
  if (buffers.length > 0) nowhere.postMessage(null, buffers);
}
