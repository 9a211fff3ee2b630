/**
 * The same graph in fewer nodes, where each costs a launch: small constants are computed here, reshapes follow no reshapes, nothing
 * is expanded for an op that broadcasts by itself, or taken apart to be joined again.
 */
import { applyAll, div, reshape, sub, transpose } from "../../apply.js";
import type { Graph } from "../../model.js";
import type { OpType } from "../../ops/index.js";
import { sameShape } from "../../reshaping.js";
import { broadcast, count, isStatic } from "../../shapes.js";
import { constant, isConstant, type Node, producer, type Value } from "../../value.js";
import { withOutputs } from "../outputs.js";
import { type Rewrite, renew, rewriteGraph } from "../rewrite.js";
import { accumulated } from "./accumulated.js";
import { arithmetic, averaged, flattened, lessened, multiplied, quotients } from "./constants.js";
import { largePieces, rejoined } from "./pieces.js";
import { fromTables } from "./tables.js";

const small = 1024;

const broadcasting: ReadonlySet<string> = new Set([
  ...Object.keys(arithmetic),
  "Max",
  "Min",
  "Less",
  "Greater",
  "Where",
]);
const reshapes: ReadonlySet<string> = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten"]);

/** `graph` in fewer nodes. */
export const fewNodes = (graph: Graph): Graph =>
  withOutputs(graph, (outputs) => accumulated(largePieces(rewriteGraph(fromTables(outputs), rule))));

const rule: Rewrite = (node, inputs) => {
  if (node.domain !== "") return null;
  for (const simpler of rules) {
    const made = simpler(node, inputs);
    if (made) return made;
  }
  return null;
};

/** One number at all places of a small constant, or null. */
function single(v: Value | null): number | null {
  if (!v || !isConstant(v) || v.dtype !== "float32") return null;
  const data = v.source.data as Float32Array;
  return data.length > 0 && data.every((x) => x === data[0]) ? data[0] : null;
}

const folded: Rewrite = (node, inputs) => {
  const [y] = node.outputs;
  const size = count(y.shape);
  const [x] = inputs;
  if (!isStatic(y.shape)) return null;
  if (reshapes.has(node.op) && x && isConstant(x)) return [constant(x.source.data, y.shape, x.dtype)];
  if (y.dtype !== "float32" || size === null || size > small) return null;
  const a = single(x ?? null);
  if (a === null) return null;
  if (node.op === "Expand" || node.op === "Slice") return [constant(new Float32Array(size).fill(a), y.shape)];
  if (node.op === "Neg") return [constant(new Float32Array(size).fill(-a), y.shape)];
  if (node.op === "ReduceSum")
    return [constant(new Float32Array(size).fill((a * (count(x?.shape ?? []) ?? 1)) / size), y.shape)];
  const b = single(inputs[1] ?? null);
  const f = node.op in arithmetic ? arithmetic[node.op] : null;
  return f && b !== null ? [constant(new Float32Array(size).fill(f(a, b)), y.shape)] : null;
};

/** A reshape of a known shape reads what the reshapes before it read; one that changes nothing is not needed. */
const reshaped: Rewrite = (node, inputs) => {
  const [y] = node.outputs;
  let x = inputs[0] as Value;
  if (!reshapes.has(node.op) || !isStatic(y.shape) || y.shape.includes(0)) return null; // to `reshape` 0 is another word
  for (let made = producer(x); made && reshapes.has(made.op) && made.domain === ""; made = producer(x))
    x = made.inputs[0] as Value;
  if (sameShape(x.shape, y.shape)) return [x];
  return reduced(x, y.shape) ?? (x === inputs[0] && node.op === "Reshape" ? null : [reshape(x, y.shape)]);
};

/** A reduction that keeps its axes, or drops them, if that gives the shape that is asked for. */
function reduced(x: Value, shape: readonly number[]): readonly Value[] | null {
  const made = producer(x);
  if (!made?.op.startsWith("Reduce") || made.domain !== "") return null;
  const keepdims = made.attributes.keepdims === 0 ? 1 : 0;
  const [other] = applyAll(made.op as OpType, made.inputs, { ...made.attributes, keepdims });
  return sameShape(other.shape, shape) ? [other] : null;
}

/** Operands as they were before an `Expand`, where the op gives the same shape. */
const unexpanded: Rewrite = (node, inputs) => {
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
};

/** A constant of one number as a scalar. */
function shrunk(v: Value): Value | null {
  const number = v.shape.length > 0 ? single(v) : null;
  return number === null ? null : constant([number], []);
}

/** Two ops that one does. */
const fused: Rewrite = (node, inputs) => {
  const [x, y] = inputs as readonly Value[];
  const [before, other] = [x, y].map((v) => (v ? producer(v) : null));
  const read = (made: Node | null, i = 0) => made?.inputs[i] as Value;
  switch (node.op) {
    case "Transpose": {
      if (before?.op !== "Transpose") return null;
      const perm = node.attributes.perm as readonly number[];
      return [
        transpose(
          read(before),
          perm.map((p) => (before.attributes.perm as readonly number[])[p]),
        ),
      ];
    }
    case "Add":
      if (other?.op === "Neg") return [sub(x, read(other))];
      return before?.op === "Neg" ? [sub(y, read(before))] : null;
    case "Mul":
      if (other?.op === "Reciprocal") return [div(x, read(other))];
      return before?.op === "Reciprocal" ? [div(y, read(before))] : null;
    case "ReduceSum":
      return before?.op === "Mul" && before.inputs[0] === before.inputs[1]
        ? applyAll("ReduceSumSquare", [read(before), ...inputs.slice(1)], node.attributes)
        : null;
    case "Sqrt":
      return before?.op === "ReduceSumSquare" ? applyAll("ReduceL2", before.inputs, before.attributes) : null;
    default:
      return null;
  }
};

const rules: readonly Rewrite[] = [
  folded,
  averaged,
  multiplied,
  reshaped,
  quotients,
  flattened,
  rejoined,
  lessened,
  fused,
  unexpanded,
];
