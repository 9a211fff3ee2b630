/**
 * A single element meets an array. ONNX Runtime's CPU provider walks such a broadcast element by element where the array's last
 * size is 1, as it is of 1×1 filters: [2048,512,1,1] times a number takes 9.7 ms, the same memory as one row 0.5 ms.
 */
import { reshape } from "../apply.js";
import { count, isStatic } from "../shapes.js";
import { node as make, type Value } from "../value.js";
import { type Rewrite, rewriteGraph } from "./rewrite.js";

const binary: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div", "Pow", "Max", "Min"]);

const isSingle = (v: Value): boolean => count(v.shape) === 1;

/** `outputs` with arrays that end in a size of 1 as one row where they meet a single element. */
export function flattenBroadcasts(outputs: readonly Value[]): readonly Value[] {
  const rule: Rewrite = (node, inputs) => {
    const [y] = node.outputs;
    const operands = inputs as readonly Value[];
    const flat =
      node.domain === "" && binary.has(node.op) && operands.length === 2 && operands.filter(isSingle).length === 1;
    if (!flat || !isStatic(y.shape) || y.shape.at(-1) !== 1) return null;
    const rows = operands.map((v) => reshape(v, isSingle(v) ? [1] : [-1]));
    const size = count(y.shape) as number;
    const row = make(node.op, rows, node.attributes, [{ dtype: y.dtype, shape: [size] }]).outputs[0];
    return [reshape(row, y.shape)];
  };
  return rewriteGraph(outputs, rule);
}
