/**
 * Symbolic tensors. A `Value` is a graph input, a constant, or an output of a `Node`; a node holds the values it reads. So a
 * graph is nothing but its outputs: whatever they do not reach is not part of it.
 */
import { elements } from "../array.js";
import { GraphError, type Sentence, said } from "../errors.js";

/** Element types that the builder knows, by ONNX's lower-case names. */
export type DType = "float32" | "float64" | "float16" | "int64" | "int32" | "uint8" | "int8" | "bool";

/** A dimension: its size, or a name for a size known at run time. Two different names never match. */
export type Dimension = number | string;
/** Dimensions: numbers, or names of what is open until a run, as `batch`. */
export type Shape = readonly Dimension[];

/** Dtype and shape of a value. */
export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The elements of a constant; 64-bit integers as bigint, float16 as raw bits, bool as bytes. */
export type ConstantData =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Uint8Array
  | Int8Array
  | Uint16Array;

export type Attribute = number | string | readonly number[] | Constant;
/** Attributes of a node by name. */
export type Attributes = Readonly<Record<string, Attribute>>;

declare const ofNode: unique symbol;
/** The attributes of a node that was made: other nodes may take them, and are checked as they are made. */
export type NodeAttributes = Attributes & { readonly [ofNode]: true };

/** A tensor of a graph: an input, a constant, or what a node gives. Made by `input`, `constant` and the ops. */
export interface Value extends TensorType {
  readonly id: number;
  /** The name asked for; the model builder makes it unique. Empty: named after its node. */
  readonly name: string;
  readonly source: Source;
}

type Source =
  | { readonly kind: "input" }
  | { readonly kind: "constant"; readonly data: ConstantData }
  | { readonly kind: "node"; readonly node: Node; readonly output: number };

/** A value whose elements are known when the graph is built. */
export interface Constant extends Value {
  readonly source: { readonly kind: "constant"; readonly data: ConstantData };
}

/** One op applied to values. */
export interface Node {
  readonly id: number;
  readonly op: string;
  /** "" for standard ONNX; `hcsc` for composites that a lowering must expand; a vendor's domain otherwise. */
  readonly domain: string;
  /** null: an optional input left out. */
  readonly inputs: readonly (Value | null)[];
  readonly attributes: NodeAttributes;
  readonly outputs: readonly Value[];
  /** The scope path in force when it was made, e.g. `query/layer1.0/conv1`. */
  readonly scope: string;
}

let nextId = 1;

/** A graph input. */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Value {
  return { id: nextId++, name, dtype, shape, source: { kind: "input" } };
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** An empty array that holds `count` elements of `dtype`. */
export function allocate(dtype: DType, count: number): ConstantData {
  return new arrays[dtype](count);
}

/**
 * A constant.
 *
 * @param data - its elements, row-major; plain numbers are converted to `dtype`
 * @param shape - defaults to one dimension of all elements
 */
export function constant(
  data: ConstantData | readonly number[],
  shape?: readonly number[],
  dtype: DType = "float32",
  name = "",
): Constant {
  const typed = Array.isArray(data) ? fill(dtype, data) : (data as ConstantData);
  const dimensions = shape ?? [typed.length];
  if (elements(dimensions) !== typed.length) {
    throw new GraphError(
      "wrong-shape",
      said`constant ${{ tensor: name }}: ${typed.length} elements do not fill the shape ${{ shape: dimensions }}`,
    );
  }
  return { id: nextId++, name, dtype, shape: dimensions, source: { kind: "constant", data: typed } };
}

/** A constant scalar, shape []. */
export const scalar = (x: number, dtype: DType = "float32"): Constant => constant([x], [], dtype);

/** A one-dimensional int64 constant: axes, shapes, bounds. */
export const ints = (values: readonly number[]): Constant => constant(values, [values.length], "int64");

function fill(dtype: DType, numbers: readonly number[]): ConstantData {
  if (dtype === "int64") return BigInt64Array.from(numbers, (n) => BigInt(n));
  const data = allocate(dtype, numbers.length) as Float32Array;
  data.set(numbers);
  return data;
}

export const isConstant = (value: Value): value is Constant => value.source.kind === "constant";

/** The node that makes `value`, or null for inputs and constants. */
export const producer = (value: Value): Node | null => (value.source.kind === "node" ? value.source.node : null);

/** The node of a standard op that makes a tensor, or null if another or none does. */
export function madeBy(value: Value | null | undefined, op: string): Node | null {
  const made = value ? producer(value) : null;
  return made?.op === op && made.domain === "" ? made : null;
}

/** The elements of a constant as plain numbers, or null if `value` is not constant. */
export function known(value: Value | null | undefined): number[] | null {
  return value && isConstant(value) ? Array.from(value.source.data as ArrayLike<number | bigint>, Number) : null;
}

/** A node whose outputs have the given types. Callers are the op constructors and rewrites, which know the types. */
export function node(
  op: string,
  inputs: readonly (Value | null)[],
  attributes: Attributes,
  types: readonly TensorType[],
  domain = "",
  scope = currentScope(),
): Node {
  const outputs: Value[] = [];
  const made: Node = { id: nextId++, op, domain, inputs, attributes: attributes as NodeAttributes, outputs, scope };
  for (const [i, type] of types.entries()) {
    outputs.push({
      id: nextId++,
      name: "",
      dtype: type.dtype,
      shape: type.shape,
      source: { kind: "node", node: made, output: i },
    });
  }
  return made;
}

const scopes: string[] = [];

/** The scope path that new nodes get. */
export const currentScope = (): string => scopes[scopes.length - 1] ?? "";

/** Runs `make` with `name` added to the scope path, so that its nodes are named `path/name/Op`. */
export function scope<T>(name: string, make: () => T): T {
  const path = currentScope();
  return scopeAt(path && name ? `${path}/${name}` : path || name, make);
}

/** Runs `make` with the scope path set to `path`: for gradients and rewrites, which name nodes after the originals. */
export function scopeAt<T>(path: string, make: () => T): T {
  scopes.push(path);
  try {
    return make();
  } finally {
    scopes.pop();
  }
}

/** `pixels: float32[batch,3,224,224]`: how errors show a value. */
export const describe = (value: Described): string => described(value).message;

type Described = TensorType & { readonly name?: string; readonly source?: Source };

/** The same as part of a sentence. */
export function described({ name: given, source, dtype, shape }: Described): Sentence {
  const made = source?.kind === "node" ? source.node : null;
  const name = given || (made ? `${made.scope ? `${made.scope}/` : ""}${made.op}` : "");
  const type = said`${{ dtype }}${{ shape }}`;
  return name ? said`${{ tensor: name }}: ${type}` : type;
}

/** All nodes that `outputs` need, each after the nodes it reads. */
export function topological(outputs: readonly Value[]): Node[] {
  const order: Node[] = [];
  const state = new Map<Node, "open" | "done">();
  const stack = outputs
    .map(producer)
    .filter((n): n is Node => n !== null)
    .reverse();
  while (stack.length > 0) {
    const top = stack[stack.length - 1];
    if (state.get(top) === "done") {
      stack.pop();
    } else if (state.get(top) === "open") {
      state.set(top, "done");
      order.push(top);
      stack.pop();
    } else {
      state.set(top, "open");
      for (let i = top.inputs.length - 1; i >= 0; i--) {
        const made = top.inputs[i] && producer(top.inputs[i] as Value);
        if (made && !state.has(made)) stack.push(made);
      }
    }
  }
  return order;
}

/** The graph inputs that `outputs` need, in the order in which they are met. */
export function inputsOf(outputs: readonly Value[]): readonly Value[] {
  const read = [...topological(outputs).flatMap((n) => n.inputs), ...outputs];
  return [...new Set(read.filter((v): v is Value => v?.source.kind === "input"))];
}
