/** A session and its bindings: a tensor that stays in the same place from run to run is bound once. */

import type { DataArray, NamedArrays, Opened, Ran, TensorInfo } from "../engine/index.js";
import { isKnown, isOf } from "../engine/index.js";
import type { ElementType } from "../onnx/index.js";
import type { Binding, Environment, Handle, Session, Tensor } from "../ort/index.js";

/** What a graph needs to know about memory on the host and the device. */
export interface Memories {
  /** Whether sessions take tensors on the host as they are; else these are copied when they are bound. */
  readonly overwrites: boolean;
  room(dtype: string, shape: readonly number[]): Tensor;
  /** A tensor that stays, as an input of a type takes it. */
  as(dtype: string, held: Tensor): Tensor;
  /** Whether tensors of a kind stay on a device. */
  isDevice(dtype: string, shape: readonly number[]): boolean;
  /** The memory of outputs that a run makes itself and that stay. */
  memoryOf(dtype: string): Handle;
  /** Writes arrays to tensors of their sizes. */
  copyIn(pairs: readonly (readonly [DataArray, Tensor])[]): void;
  read(held: readonly Tensor[]): readonly DataArray[];
  free(held: Tensor): void;
}

const isDense = (given: DataArray | Tensor): given is DataArray => "data" in given;

/** How many bindings a graph keeps: two for state that alternates between two places, four for two kinds of such state. */
const keptBindings = 8;

export class BoundGraph implements Opened<Tensor> {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
  /** Bindings by the tensors that they bind, so that each is made once. The one used longest ago is dropped first. */
  private readonly bindings = new Map<string, Binding>();
  /** Places of feeds on a device, and of results, whose sizes are known before a run. */
  private readonly places = new Map<string, Tensor>();
  private captures = 0;

  constructor(
    private readonly runner: Memories,
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

  /** Drops bindings that hold a tensor: otherwise its memory would not be freed. */
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
    // A tensor on the host is copied to the device when it is bound, so this binding cannot be kept.
    const copied = [...inputs].filter(([, tensor]) => tensor.onHost && !this.runner.overwrites);
    const key = [...inputs, ...outputs].map(([name, tensor]) => tensor?.id ?? name).join();
    const old = this.bindings.get(key);
    const binding = old ?? this.session.binding(this.captured ? { gpu_graph_id: `${++this.captures}` } : {});
    this.bindings.delete(key);
    this.bindings.set(key, binding);
    for (const [name, tensor] of old ? copied : inputs) binding.input(name, tensor);
    for (const [name, place] of outputs) {
      if (place && !old) binding.output(name, place);
      else if (!place)
        binding.outputIn(name, kept.has(name) ? this.runner.memoryOf(this.dtypeOf(name)) : this.environment.host);
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
    if (!isKnown(shape)) return null;
    const old = this.places.get(name);
    if (old && isOf(old, dtype, shape)) return old;
    this.places.delete(name);
    if (old) this.runner.free(old);
    const place = this.runner.room(dtype, shape);
    this.places.set(name, place);
    return place;
  }
}
