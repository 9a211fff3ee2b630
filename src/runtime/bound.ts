/**
 * Runs over tensors that stay where they are, on the host or a device: ONNX Runtime's C API. Every tensor is in memory that the
 * engine took itself and keeps; of a run only what was wanted comes back.
 */
import { buildModel, identity, input } from "../graph/index.js";
import { type ElementType, elementTypes } from "../onnx/index.js";
import {
  type Binding,
  bytesOf,
  Environment,
  elementCount,
  type Handle,
  type Library,
  Session,
  type SessionSettings,
  type Tensor,
} from "../ort/index.js";
import type { DataArray, Elements, NamedArrays, TensorInfo, Traffic } from "./messages.js";
import { type ProviderChoice, type ProviderSettings, providers } from "./providers.js";
import type { Opened, OpenOptions, Ran, Runner } from "./runner.js";

/** Where tensors stay: an allocator, and how ONNX Runtime calls its memory. */
interface Place {
  readonly memory: Handle;
  readonly allocator: Handle;
}

const isDense = (given: DataArray | Tensor): given is DataArray => "data" in given;

export class Bound implements Runner<Tensor> {
  private readonly environment: Environment;
  private readonly settings: ProviderSettings;
  private readonly graphs = new Set<BoundGraph>();
  /** The same numbers as bool, of tensors that were written as uint8. */
  private readonly bools = new Map<Tensor, Tensor>();
  private readonly moved = { toDevice: 0, fromDevice: 0 };
  private device: { readonly session: Session; readonly place: Place | null } | null = null;

  constructor(
    library: Library,
    private readonly provider: ProviderChoice,
    private readonly threads: number,
  ) {
    this.environment = new Environment(library);
    this.settings = providers[provider.name];
  }

  open(model: Uint8Array, options: OpenOptions): BoundGraph {
    const session = this.session(model, options);
    const captured = options.captured && this.settings.capture !== null;
    const graph = new BoundGraph(this, this.environment, session, captured, () => this.graphs.delete(graph));
    this.graphs.add(graph);
    return graph;
  }

  /** Devices refuse a buffer that is read and written at once. */
  get overwrites(): boolean {
    return this.provider.name === "cpu";
  }

  room(dtype: string, shape: readonly number[]): Tensor {
    const place = this.placeOf(dtype, shape);
    return this.environment.allocate(place?.allocator ?? this.environment.hostAllocator, dtype as ElementType, shape);
  }

  hold(array: DataArray, dtype: string, over: Tensor | null): Tensor {
    const held = over ?? this.room(dtype, array.shape);
    this.copyIn([[array, held]]);
    return held;
  }

  duplicate(held: Tensor): Tensor {
    const copy = this.room(held.dtype, held.shape);
    this.environment.copy([[held, copy]]);
    return copy;
  }

  read(held: readonly Tensor[]): readonly DataArray[] {
    const { environment } = this;
    const arrays = held.map(({ dtype, shape }) => ({
      shape,
      data: new elementTypes[dtype].array(elementCount(shape)) as Elements,
    }));
    const copies = held.map(({ dtype, shape }, i) => environment.over(dtype, shape, arrays[i].data));
    try {
      environment.copy(held.map((tensor, i) => [tensor, copies[i]] as const));
    } finally {
      for (const copy of copies) environment.free(copy);
    }
    for (const tensor of held) if (!tensor.onHost) this.moved.fromDevice += bytesOf(tensor);
    return arrays;
  }

  free(held: Tensor): void {
    const bool = this.bools.get(held);
    this.bools.delete(held);
    for (const tensor of bool ? [bool, held] : [held]) {
      for (const graph of this.graphs) graph.forget(tensor);
      this.environment.free(tensor);
    }
  }

  traffic(): Traffic {
    return { ...this.moved };
  }

  close(): void {
    if (this.device?.place) this.environment.library.release("Allocator", this.device.place.allocator);
    this.device?.session.close();
    this.device = null;
    this.environment.close();
  }

  /** Whether tensors of a kind stay on a device. */
  isDevice(dtype: string, shape: readonly number[]): boolean {
    return this.placeOf(dtype, shape) !== null;
  }

  /** The memory of outputs that a run makes itself and that stay. */
  memoryOf(dtype: string): Handle {
    return this.placeOf(dtype, [1])?.memory ?? this.environment.host;
  }

  /** Writes arrays to tensors of their sizes. */
  copyIn(pairs: readonly (readonly [DataArray, Tensor])[]): void {
    const { environment } = this;
    const sources = pairs.map(([{ shape, data }, { dtype }]) => environment.over(dtype, shape, data));
    try {
      environment.copy(pairs.map(([, to], i) => [sources[i], to] as const));
    } finally {
      for (const source of sources) environment.free(source);
    }
    for (const [, to] of pairs) if (!to.onHost) this.moved.toDevice += bytesOf(to);
  }

  /** A tensor that stays, as an input of a type takes it. */
  as(dtype: string, held: Tensor): Tensor {
    if (held.dtype === dtype) return held;
    const { environment } = this;
    const made = this.bools.get(held);
    if (made) return made;
    const memory = held.onHost ? environment.host : this.memoryOf(held.dtype);
    const bool = environment.at(memory, environment.address(held), "bool", held.shape);
    this.bools.set(held, bool);
    return bool;
  }

  private session(model: Uint8Array, { fused, alone, captured, profile }: OpenOptions): Session {
    const { name, device } = this.provider;
    const { native, entries, capture } = this.settings;
    const isCpu = name === "cpu";
    const options = {
      ...this.settings.options,
      ...(device === null ? {} : { device_id: `${device}` }),
      ...(captured ? capture : {}),
    };
    const settings: SessionSettings = {
      optimization: fused ? "basic" : "all",
      threads: this.threads,
      entries: { ...entries, ...(alone && !isCpu ? { "session.disable_cpu_ep_fallback": "1" } : {}) },
      provider: isCpu ? null : { name: native, options },
      ...(profile ? { profile } : {}),
    };
    return new Session(this.environment, model, settings);
  }

  /**
   * The place of tensors that stay on the device, by a session that lives as long as the engine: a buffer used after the session
   * that made it was released ends the process. Null for what has to be on the host.
   */
  private placeOf(dtype: string, shape: readonly number[]): Place | null {
    if (this.provider.name === "cpu" || dtype === "float64" || elementCount(shape) === 0) return null;
    this.device ??= this.openDevice();
    return this.device.place;
  }

  private openDevice(): NonNullable<Bound["device"]> {
    const x = input("x", [1]);
    const model = buildModel({ name: "device", inputs: [x], outputs: { y: identity(x) } });
    const session = this.session(model, { fused: false, alone: true, captured: false });
    const [memory] = session.outputMemory();
    if (/^cpu/i.test(memory.name)) return { session, place: null };
    return { session, place: { memory: memory.handle, allocator: session.allocator(memory.handle) } };
  }
}

/** Bindings that a graph keeps: state that goes to and fro has two, of two kinds that do four. */
const keptBindings = 8;

/** A session with the bindings of its runs. */
class BoundGraph implements Opened<Tensor> {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** By the tensors that stay and are bound: such a binding is made once. The one used longest ago goes first. */
  private readonly bindings = new Map<string, Binding>();
  /** Feeds on a device, and results, of sizes known before: they keep their places. */
  private readonly places = new Map<string, Tensor>();
  private captures = 0;

  constructor(
    private readonly runner: Bound,
    private readonly environment: Environment,
    private readonly session: Session,
    private readonly captured: boolean,
    private readonly onClosed: () => void,
  ) {
    this.inputs = session.inputs;
    this.outputs = session.outputs;
  }

  run(
    given: ReadonlyMap<string, DataArray | Tensor>,
    kept: ReadonlyMap<string, Tensor | null>,
    wanted: readonly string[],
  ): Ran<Tensor> {
    const { runner, environment } = this;
    const inputs = new Map<string, Tensor>();
    const lent = new Map<string, Tensor>();
    const placed: [DataArray, Tensor][] = [];
    for (const { name, dtype } of this.inputs) {
      const value = given.get(name) as DataArray | Tensor;
      if (!isDense(value)) {
        inputs.set(name, runner.as(dtype, value));
      } else if (runner.isDevice(dtype, value.shape)) {
        const place = this.placeOf(name, dtype, value.shape) as Tensor;
        placed.push([value, place]);
        inputs.set(name, place);
      } else lent.set(name, environment.over(dtype as ElementType, value.shape, value.data));
    }
    const outputs = new Map<string, Tensor | null>();
    for (const { name, dtype, shape } of this.outputs) {
      const place = kept.get(name);
      if (place !== undefined) outputs.set(name, place);
      else if (wanted.includes(name)) outputs.set(name, this.placeOf(name, dtype, shape));
    }
    try {
      runner.copyIn(placed);
      const binding = this.bindingOf(inputs, outputs, kept);
      for (const [name, tensor] of lent) binding.input(name, tensor);
      binding.run();
      const made = binding.made();
      const found = (name: string): Tensor => (outputs.get(name) ?? made.get(name)) as Tensor;
      const arrays = runner.read(wanted.map(found));
      for (const [name, tensor] of made) if (!kept.has(name)) environment.free(tensor);
      return {
        kept: new Map([...kept.keys()].map((name) => [name, found(name)])),
        results: Object.fromEntries(wanted.map((name, i) => [name, arrays[i]])) as NamedArrays,
      };
    } finally {
      for (const tensor of lent.values()) environment.free(tensor);
    }
  }

  endProfile(): void {
    this.session.endProfile();
  }

  /** Lets go of bindings that hold a tensor: else its memory would stay. */
  forget(held: Tensor): void {
    for (const [key, binding] of this.bindings) if (binding.holds(held)) this.unbind(key, binding);
  }

  close(): void {
    for (const [key, binding] of this.bindings) this.unbind(key, binding);
    for (const place of this.places.values()) this.environment.free(place);
    this.session.close();
    this.onClosed();
  }

  private bindingOf(
    inputs: ReadonlyMap<string, Tensor>,
    outputs: ReadonlyMap<string, Tensor | null>,
    kept: ReadonlyMap<string, Tensor | null>,
  ): Binding {
    // What is on the host is copied to a device when it is bound: not to be kept.
    const copied = [...inputs].filter(([, tensor]) => tensor.onHost && !this.runner.overwrites);
    const key = [...inputs, ...outputs].map(([name, tensor]) => tensor?.id ?? name).join();
    const old = this.bindings.get(key);
    const binding = old ?? this.session.binding(this.captured ? { gpu_graph_id: `${++this.captures}` } : {});
    this.bindings.delete(key);
    this.bindings.set(key, binding);
    for (const [name, tensor] of old ? copied : inputs) binding.input(name, tensor);
    for (const [name, place] of outputs) {
      if (place && !old) binding.output(name, place);
      else if (!place) binding.outputIn(name, kept.has(name) ? this.runner.memoryOf(this.dtypeOf(name)) : this.environment.host);
    }
    const [first] = this.bindings;
    if (this.bindings.size > keptBindings) this.unbind(...first);
    return binding;
  }

  private dtypeOf(output: string): string {
    return this.outputs.find((o) => o.name === output)?.dtype ?? "";
  }

  private unbind(key: string, binding: Binding): void {
    binding.close();
    this.bindings.delete(key);
  }

  /** The place of an input or output that is not state, null if its size is not known before. */
  private placeOf(name: string, dtype: string, shape: TensorInfo["shape"]): Tensor | null {
    if (!shape.every((size) => typeof size === "number")) return null;
    const old = this.places.get(name);
    if (old && String(old.shape) === String(shape)) return old;
    this.places.delete(name);
    if (old) this.runner.free(old);
    const place = this.runner.room(dtype, shape as readonly number[]);
    this.places.set(name, place);
    return place;
  }
}
