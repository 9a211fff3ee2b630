/** A fixture's case: settings and tensors, read by name. */
import type { DenseArray } from "../array.js";
import type { CompileTarget } from "../compileTarget.js";
import type { Engine } from "../engine/index.js";
import { DataError, said } from "../errors.js";

export type Tensors = Record<string, DenseArray>;

/** What a replay needs: the case's settings, its inputs by name, and an engine to run graphs. */
export class Case {
  constructor(
    readonly config: Readonly<Record<string, unknown>>,
    private readonly tensors: ReadonlyMap<string, DenseArray>,
    readonly engine: Engine,
    /** What training's programs are compiled for. */
    readonly target: CompileTarget,
  ) {}

  has(name: string): boolean {
    return this.tensors.has(name);
  }

  /** An input tensor. Expected outputs (`out.…`) cannot be read. */
  tensor(name: string): DenseArray {
    const found = name.startsWith("out.") ? undefined : this.tensors.get(name);
    if (!found)
      throw new DataError(
        "missing",
        said`the case has no input ${{ tensor: name }}; it is needed for kind ${String(this.config.kind)}`,
      );
    return found;
  }

  float(name: string): DenseArray<Float32Array> {
    return {
      shape: this.tensor(name).shape,
      data: Float32Array.from(this.tensor(name).data as ArrayLike<number>, Number),
    };
  }

  /** Integer tensor as plain numbers. */
  ids(name: string): Int32Array {
    return Int32Array.from(this.tensor(name).data as ArrayLike<number>, Number);
  }

  number(name: string, fallback?: number): number {
    const value = this.config[name] ?? fallback;
    if (typeof value !== "number")
      throw new DataError(
        "wrong-entry",
        said`the case's setting ${{ field: name }} is ${String(value)}, a number is needed`,
      );
    return value;
  }

  flag(name: string, fallback = true): boolean {
    return (this.config[name] as boolean | undefined) ?? fallback;
  }

  text(name: string): string {
    const value = this.config[name];
    if (typeof value !== "string")
      throw new DataError(
        "wrong-entry",
        said`the case's setting ${{ field: name }} is ${String(value)}, text is needed`,
      );
    return value;
  }

  list<T = number>(name: string): readonly T[] {
    const value = this.config[name];
    if (!Array.isArray(value))
      throw new DataError(
        "wrong-entry",
        said`the case's setting ${{ field: name }} is ${String(value)}, a list is needed`,
      );
    return value as T[];
  }

  /** Names of the inputs that start with `prefix`. */
  names(prefix: string): readonly string[] {
    return [...this.tensors.keys()].filter((n) => n.startsWith(prefix));
  }
}

/** A float32 scalar. */
export const scalarOf = (x: number): DenseArray => ({ shape: [], data: Float32Array.of(x) });
export const floats = (values: ArrayLike<number>, shape: readonly number[] = [values.length]): DenseArray => ({
  shape,
  data: Float32Array.from(values),
});
export const longs = (values: ArrayLike<number>, shape: readonly number[] = [values.length]): DenseArray => ({
  shape,
  data: BigInt64Array.from(Array.from(values), BigInt),
});
