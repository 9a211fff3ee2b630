/**
 * From a graph to an ONNX model: names every node after its scope and op, constants after their content, and encodes. The
 * names depend on the graph alone, so the same graph gives the same bytes.
 */
import { GraphError, said } from "../errors.js";
import { type AttributeContent, encodeModel, type ModelContent, type TensorContent } from "../onnx/index.js";
import type { Kind } from "./ops/declare.js";
import { kindOf } from "./ops/index.js";
import { simplify } from "./passes/simplify.js";
import {
  type Attribute,
  type Constant,
  constant,
  type Dimension,
  described,
  isConstant,
  type Node,
  topological,
  type Value,
} from "./value.js";

/** A graph: its inputs in order, its outputs by name. */
export interface Graph {
  readonly name: string;
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/**
 * The graph, simplified, as the bytes of an ONNX model (opset 18, IR version 8).
 *
 * @throws GraphError if a value reached is an input that the graph does not list, or a composite is left
 */
export function buildModel(graph: Graph): Uint8Array {
  return encodeModel(describeModel(graph));
}

/** The content of the model that `buildModel` encodes. */
export function describeModel(graph: Graph): ModelContent {
  const names = Object.keys(graph.outputs);
  const values = simplify(Object.values(graph.outputs));
  const claimed = new Map<Value, string>();
  const copies: { name: string; value: Value }[] = [];
  const inputs = new Set(graph.inputs);
  for (const [i, value] of values.entries()) {
    if (value.source.kind !== "node" || claimed.has(value)) copies.push({ name: names[i], value });
    else claimed.set(value, names[i]);
  }
  const order = topological(values);
  const unique = uniqueNames([...names, ...graph.inputs.map((v) => v.name)]);
  const nameOf = new Map<Value, string>(graph.inputs.map((v) => [v, v.name]));
  const constants = new Map<Value, TensorContent>();
  const nodeNames = new Map<Node, string>();
  for (const n of order) {
    if (n.domain === "hcsc")
      throw new GraphError(
        "not-expanded",
        said`${{ op: `${n.scope}/${n.op}` }} is a composite: expand or lower the graph before building the model`,
      );
    const name = unique(n.scope ? `${n.scope}/${n.op}` : n.op);
    nodeNames.set(n, name);
    for (const [i, value] of n.outputs.entries())
      nameOf.set(value, claimed.get(value) ?? (i === 0 ? name : unique(`${name}.${i}`)));
  }
  const name = (value: Value): string => {
    const known = nameOf.get(value);
    if (known !== undefined) return known;
    if (!isConstant(value))
      throw new GraphError(
        "disconnected",
        said`the graph ${{ graph: graph.name }} reads ${described(value)}, which is not among its inputs`,
      );
    const made = unique(value.name || constantName(value));
    nameOf.set(value, made);
    constants.set(value, tensorOf(made, value));
    return made;
  };
  const nodes = order.map((n) => ({
    name: nodeNames.get(n) as string,
    op: n.op,
    domain: n.domain,
    inputs: n.inputs.map((v) => (v ? name(v) : "")),
    outputs: n.outputs.map((v) => nameOf.get(v) as string),
    attributes: Object.fromEntries(Object.entries(n.attributes).map(([k, v]) => [k, attributeOf(n, k, v)])),
  }));
  for (const copy of copies) {
    nodes.push({
      name: unique(`${copy.name}/Identity`),
      op: "Identity",
      domain: "",
      inputs: [name(copy.value)],
      outputs: [copy.name],
      attributes: {},
    });
  }
  for (const v of inputs)
    if (v.source.kind !== "input")
      throw new GraphError(
        "disconnected",
        said`the graph ${{ graph: graph.name }} lists ${described(v)} as an input, but it is computed`,
      );
  const lasting = madeUpNames();
  return {
    name: graph.name,
    inputs: graph.inputs.map((v) => ({ name: v.name, dtype: v.dtype, shape: v.shape })),
    outputs: names.map((n, i) => ({ name: n, dtype: values[i].dtype, shape: values[i].shape.map(lasting) })),
    constants: [...constants.values()],
    nodes,
  };
}

/** Dimensions that inference made up carry the counter's numbers; in a file they are counted from 1. */
function madeUpNames(): (d: Dimension) => Dimension {
  const seen = new Map<string, string>();
  return (d) =>
    typeof d === "number"
      ? d
      : d.replace(/\?\d+(\.\d+)*/g, (found) => {
          if (!seen.has(found)) seen.set(found, `unknown_${seen.size + 1}`);
          return seen.get(found) as string;
        });
}

/** An attribute as the kind that its op declares. */
function attributeOf({ domain, op, scope }: Node, name: string, value: Attribute): AttributeContent {
  const kind = kindOf(domain, op, name);
  if (!kind)
    throw new GraphError(
      "wrong-attribute",
      said`${{ op: `${scope ? `${scope}/` : ""}${domain ? `${domain}.` : ""}${op}` }} declares no attribute ${{ attribute: name }}`,
    );
  return kinds[kind](value);
}

const kinds: { readonly [K in Kind]: (value: Attribute) => AttributeContent } = {
  int: (value) => value as number,
  ints: (value) => value as readonly number[],
  float: (value) => ({ float: value as number }),
  floats: (value) => ({ floats: value as readonly number[] }),
  string: (value) => value as string,
  tensor: (value) => tensorOf("", value as Constant),
};

const tensorOf = (name: string, value: Constant): TensorContent => ({
  name,
  dtype: value.dtype,
  shape: value.shape as readonly number[],
  data: value.source.data,
});

/** `0.2`, `[0,2,3]`, `float32[64,3]`: readable where small. */
function constantName(value: Constant): string {
  const { data } = value.source;
  if (data.length > 8) return `${value.dtype}[${value.shape}]`;
  const shown = Array.from(data as ArrayLike<number | bigint>, (x) =>
    String(typeof x === "bigint" ? x : Number(x.toPrecision(7))),
  );
  return value.shape.length === 0 ? shown[0] : `[${shown}]`;
}

function uniqueNames(taken: readonly string[]): (wanted: string) => string {
  const used = new Set(taken);
  const next = new Map<string, number>();
  return (wanted) => {
    let made = wanted;
    for (let i = next.get(wanted) ?? 1; used.has(made); i++) {
      made = `${wanted}_${i}`;
      next.set(wanted, i + 1);
    }
    used.add(made);
    return made;
  };
}

/** A constant that carries a name into the model: a parameter stored with the graph. */
export const namedConstant = (name: string, value: Constant): Constant =>
  constant(value.source.data, value.shape as readonly number[], value.dtype, name);
