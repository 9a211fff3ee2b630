/** A step's graph while it is put together. */
import { type DType, type Graph, input, inputsOf, type Value } from "../graph/index.js";
import { next } from "./names.js";

/** The named inputs and outputs of a graph while it is put together; next states become `next/…`. */
export class Ports {
  readonly values: Record<string, Value> = {};
  private readonly inputs = new Map<string, Value>();

  /** The input of that name, the same one each time. */
  input(name: string, shape: readonly number[], dtype: DType = "float32"): Value {
    const known = this.inputs.get(name) ?? input(name, shape, dtype);
    this.inputs.set(name, known);
    return known;
  }

  state(name: string, value: Value): void {
    this.values[next(name)] = value;
  }

  graph(name: string): Graph {
    return { name, inputs: inputsOf(Object.values(this.values)), outputs: this.values };
  }
}
