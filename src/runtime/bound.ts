/**
 * Runs over tensors that stay where they are, on the host or a device: ONNX Runtime's C API. Every tensor is in memory that the
 * engine allocated itself and keeps; only the outputs that were asked for come back from a run.
 */
import { type CudaKernels, openCudaKernels } from "../cuda/index.js";
import type { DataArray, Elements, OpenOptions, Runner, Traffic } from "../engine/index.js";
import { optionsOf, type ProviderChoice, type ProviderSettings, providers } from "../engine/index.js";
import { buildModel, identity, input } from "../graph/index.js";
import { type ElementType, elementTypes } from "../onnx/index.js";
import {
  bytesOf,
  Environment,
  elementCount,
  type Handle,
  type Library,
  Session,
  type SessionSettings,
  type Tensor,
} from "../ort/index.js";
import { BoundGraph } from "./boundGraph.js";

/** Where tensors stay: an allocator, and ONNX Runtime's name for its memory. */
interface Place {
  readonly memory: Handle;
  readonly allocator: Handle;
}

const isLarge = (data: Elements): data is Elements & ArrayBufferView<SharedArrayBuffer> =>
  data.buffer instanceof SharedArrayBuffer && data.byteLength >= 1 << 17;

const plain: OpenOptions = { fused: false, alone: false, captured: false, kept: new Set() };
const x = input("x", [1]);
const nothingButCopies = buildModel({ name: "device", inputs: [x], outputs: { y: identity(x) } });

export class Bound implements Runner<Tensor> {
  private readonly environment: Environment;
  private readonly settings: ProviderSettings;
  private readonly graphs = new Set<BoundGraph>();
  /** The same numbers as bool, of tensors that were written as uint8. */
  private readonly bools = new Map<Tensor, Tensor>();
  private readonly moved = { toDevice: 0, fromDevice: 0 };
  private device: { readonly session: Session; readonly place: Place | null } | null = null;

  private first: Session | null = null;
  private kernels: CudaKernels | null = null;

  constructor(
    library: Library,
    private readonly provider: ProviderChoice,
    private readonly threads: number,
  ) {
    this.environment = new Environment(library);
    this.settings = providers[provider.name];
  }

  /** Opens the provider and its device, so that a missing one is found before anything is loaded. */
  start(): void {
    this.first = this.session(nothingButCopies, plain);
  }

  /** Makes kernels of our own for the sessions to come, whose provider is CUDA. @throws ProviderError where they cannot be made */
  async startKernels(): Promise<void> {
    const { device, precision } = this.provider;
    this.kernels = await openCudaKernels(this.environment, device ?? 0, precision);
  }

  open(model: Uint8Array, options: OpenOptions): BoundGraph {
    const session = this.session(model, options);
    const graph = new BoundGraph(this, this.environment, session, options.captured, () => this.graphs.delete(graph));
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
    this.first?.close();
    this.first = null;
    this.kernels?.close();
    this.kernels = null;
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
    for (const [{ data }] of pairs) if (isLarge(data)) this.kernels?.lock(data);
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
      ...optionsOf(this.provider),
      ...(device === null ? {} : { device_id: `${device}` }),
      ...(captured ? capture : {}),
    };
    const settings: SessionSettings = {
      optimization: fused ? "basic" : "all",
      threads: this.threads,
      entries: { ...entries, ...(alone && !isCpu ? { "session.disable_cpu_ep_fallback": "1" } : {}) },
      provider: isCpu ? null : { name: native, options },
      customOps: this.kernels?.ops ?? null,
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
    const session = this.session(nothingButCopies, { ...plain, alone: true });
    const [memory] = session.outputMemory();
    const library = this.settings.library?.[process.platform];
    if (library) this.environment.register(this.settings.native, library);
    if (/^cpu/i.test(memory.name)) return { session, place: null };
    return { session, place: { memory: memory.handle, allocator: session.allocator(memory.handle) } };
  }
}
