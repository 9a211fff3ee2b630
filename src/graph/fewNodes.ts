/**
 * The same graph in fewer nodes, where each costs a launch: small constants are computed here, reshapes follow no reshapes, and
 * nothing is expanded for an op that broadcasts by itself.
 */
import { reshape, sameShape } from "./apply.js";
import type { Graph } from "./model.js";
import { type Rewrite, renew, rewriteGraph } from "./rewrite.js";
import { broadcast, count, isStatic } from "./shapes.js";
import { constant, isConstant, type Node, producer, type Value } from "./value.js";

const small = 1024;

/** Float32 arithmetic of constants, as every provider does it. */
const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
};

const broadcasting: ReadonlySet<string> = new Set([...Object.keys(arithmetic), "Max", "Min", "Less", "Greater", "Where"]);
const reshapes: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten"]);

/** `graph` in fewer nodes. */
export function fewNodes(graph: Graph): Graph {
  const outputs = rewriteGraph(Object.values(graph.outputs), rule);
  return { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, outputs[i]])) };
}

const rule: Rewrite = (node, inputs) => {
  if (node.domain !== "") return null;
  return folded(node, inputs) ?? (reshapes.has(node.op) ? reshaped(node, inputs) : unexpanded(node, inputs));
};

/** One number at all places of a small constant, or null. */
function single(v: Value | null): number | null {
  if (!v || !isConstant(v) || v.dtype !== "float32") return null;
  const data = v.source.data as Float32Array;
  return data.length > 0 && data.every((x) => x === data[0]) ? data[0] : null;
}

function folded(node: Node, inputs: readonly (Value | null)[]): readonly Value[] | null {
  const [y] = node.outputs;
  const size = count(y.shape);
  if (y.dtype !== "float32" || size === null || size > small || !isStatic(y.shape)) return null;
  const [x] = inputs;
  if (reshapes.has(node.op) && x && isConstant(x)) return [constant(x.source.data, y.shape, x.dtype)];
  const a = single(x ?? null);
  if (a === null) return null;
  if (node.op === "Expand" || node.op === "Slice") return [constant(new Float32Array(size).fill(a), y.shape)];
  const b = single(inputs[1] ?? null);
  const f = node.op in arithmetic ? arithmetic[node.op] : null;
  return f && b !== null ? [constant(new Float32Array(size).fill(f(a, b)), y.shape)] : null;
}

/** A reshape of a known shape reads what the reshapes before it read; one that changes nothing is not needed. */
function reshaped(node: Node, inputs: readonly (Value | null)[]): readonly Value[] | null {
  const [y] = node.outputs;
  let x = inputs[0] as Value;
  if (!isStatic(y.shape)) return null;
  for (let made = producer(x); made && reshapes.has(made.op) && made.domain === ""; made = producer(x))
    x = made.inputs[0] as Value;
  if (sameShape(x.shape, y.shape)) return [x];
  return x === inputs[0] && node.op === "Reshape" ? null : [reshape(x, y.shape as readonly number[])];
}

/** Operands as they were before an `Expand`, where the op gives the same shape. */
function unexpanded(node: Node, inputs: readonly (Value | null)[]): readonly Value[] | null {
  if (!broadcasting.has(node.op)) return null;
  let operands = inputs as readonly Value[];
  for (const [i, v] of operands.entries()) {
    const made = producer(v);
    const before = made?.op === "Expand" && made.domain === "" ? (made.inputs[0] as Value) : shrunk(v);
    if (!before) continue;
    const tried = operands.map((old, k) => (k === i ? before : old));
    if (sameShape(broadcast(node.op, tried), node.outputs[0].shape)) operands = tried;
  }
  return operands === inputs ? null : renew(node, operands);
}

/** A constant of one number as a scalar. */
function shrunk(v: Value): Value | null {
  const number = v.shape.length > 0 ? single(v) : null;
  return number === null ? null : constant([number], []);
}
