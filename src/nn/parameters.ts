/**
 * Parameters and buffers of a network while its graph is built. A layer is a function of a `Scope` and a value: the scope
 * names what it stores as torchvision does (`layer1.0.conv1.weight`, `bn1.running_mean`), so that weights move by name.
 */
import { GraphError, said } from "../errors.js";
import { input, scope as nodeScope, type Value } from "../graph/index.js";

/** How a parameter starts. Uniform and normal draws are seeded by the parameter's name. */
export type Initial =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly deviation: number }
  | { readonly kind: "uniform"; readonly bound: number }
  /** Numbers of its own, made when they are wanted. */
  | { readonly kind: "computed"; readonly values: () => Float32Array };

/** What a network stores: `trainable` parameters get gradients; buffers (running statistics) and frozen tensors do not. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: Initial;
  readonly trainable: boolean;
}

/** Whether a network is training, which layers such as BatchNorm ask. */
export type Mode =
  | {
      readonly kind: "training";
      /** How many parts of the batch see nothing of each other: image i belongs to part i mod `subBatches`. */
      readonly subBatches: number;
    }
  | { readonly kind: "evaluation" };

/** Training: layers take their statistics from the batch. */
export const training = (subBatches = 1): Mode => ({ kind: "training", subBatches });
/** Evaluation: layers use the statistics that they keep. */
export const evaluation: Mode = { kind: "evaluation" };

/** The tensors of one network: declared as its layers ask for them, each once. */
export class Parameters {
  readonly specs = new Map<string, TensorSpec>();
  private readonly values = new Map<string, Value>();

  /**
   * @param prefix - put before every name of a graph input, e.g. `query/`
   * @param provide - the value of a tensor; a graph input by default
   */
  constructor(
    readonly prefix: string,
    private readonly provide: (spec: TensorSpec, name: string) => Value = (spec, name) => input(name, spec.shape),
  ) {}

  /** The current value of a tensor: the graph input, or what `update` set. */
  get(spec: TensorSpec): Value {
    const before = this.specs.get(spec.name);
    if (before && before.shape.join() !== spec.shape.join()) {
      throw new GraphError(
        "wrong-shape",
        said`${{ tensor: spec.name }} is declared as ${{ neededShape: before.shape }} and again as ${{ shape: spec.shape }}`,
      );
    }
    this.specs.set(spec.name, spec);
    const known = this.values.get(spec.name) ?? this.provide(spec, this.prefix + spec.name);
    this.values.set(spec.name, known);
    return known;
  }

  /** Sets what a tensor is from now on in this graph: running statistics after a forward pass, parameters after an update. */
  update(name: string, value: Value): void {
    this.values.set(name, value);
  }

  /** Current values by name, in order of declaration. */
  entries(trainable?: boolean): readonly [string, Value][] {
    return [...this.specs.values()]
      .filter((s) => trainable === undefined || s.trainable === trainable)
      .map((s) => [s.name, this.values.get(s.name) as Value]);
  }
}

/** A place in a network: names parameters and nodes below it, and knows the mode of the network. */
export class Scope {
  constructor(
    private readonly parameters: Parameters,
    readonly mode: Mode,
    private readonly path = "",
  ) {}

  /** Builds `layer` one level down, e.g. `at("conv1", …)`; its nodes are named after it. */
  at<T>(name: string, layer: (scope: Scope) => T): T {
    return nodeScope(name, () =>
      layer(new Scope(this.parameters, this.mode, this.path ? `${this.path}.${name}` : name)),
    );
  }

  parameter(name: string, shape: readonly number[], initial: Initial): Value {
    return this.parameters.get({ name: this.named(name), shape, initial, trainable: true });
  }

  /** A tensor that stays as it starts, or as others' weights have it: nothing trains it. */
  frozen(name: string, shape: readonly number[], initial: Initial): Value {
    return this.parameters.get({ name: this.named(name), shape, initial, trainable: false });
  }

  /** A buffer and a way to set what it becomes. */
  buffer(
    name: string,
    shape: readonly number[],
    initial: Initial,
  ): { readonly value: Value; readonly update: (next: Value) => void } {
    const full = this.named(name);
    return {
      value: this.parameters.get({ name: full, shape, initial, trainable: false }),
      update: (next) => this.parameters.update(full, next),
    };
  }

  private named(name: string): string {
    return this.path ? `${this.path}.${name}` : name;
  }
}
