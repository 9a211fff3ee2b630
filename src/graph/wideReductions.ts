/**
 * Reductions of many elements to few numbers, in two steps. WebGPU gives each number one workgroup of 64 threads, so that a norm of
 * 11 million elements takes 0.2 s on a card that adds them in 20 µs: a first step makes many partial results, the second few.
 */
import { applyAll, reshape } from "./apply.js";
import type { Graph } from "./model.js";
import type { OpType } from "./ops.js";
import { type Rewrite, rewriteGraph } from "./rewrite.js";
import { count, isStatic } from "./shapes.js";
import { ints, known, type Value } from "./value.js";

/** What partial results are reduced by. */
const second: Readonly<Record<string, OpType>> = {
  ReduceSum: "ReduceSum",
  ReduceMean: "ReduceMean",
  ReduceSumSquare: "ReduceSum",
};

/** From so many elements for each result on. */
const long = 1 << 16;

/** `graph` with its long reductions in two steps. */
export function wideReductions(graph: Graph): Graph {
  const outputs = rewriteGraph(Object.values(graph.outputs), rule);
  return { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, outputs[i]])) };
}

const rule: Rewrite = (node, inputs) => {
  const [x, given] = inputs as readonly Value[];
  if (node.domain !== "" || !(node.op in second) || !isStatic(x.shape)) return null;
  const [elements, results] = [x, node.outputs[0]].map((v) => count(v.shape) as number);
  if (elements < long * results) return null;
  const { shape } = x;
  const axes = (known(given) ?? shape.map((_, i) => i)).map((a) => (a < 0 ? a + shape.length : a));
  const wide = axes.filter((a) => shape[a] > 1);
  const op = node.op as OpType;
  const then = second[node.op];
  if (wide.length > 1) {
    const [partial] = applyAll(op, [x, ints(wide.slice(1))], { keepdims: 1 });
    return applyAll(then, given ? [partial, given] : [partial], node.attributes);
  }
  const rows = divisor(elements);
  if (rows === 1 || results > 1 || wide.length === 0) return null;
  const [partial] = applyAll(op, [reshape(x, [rows, -1]), ints([1])], { keepdims: 0 }); // [rows]
  const [total] = applyAll(then, [partial, ints([0])], { keepdims: 0 });
  return [node.outputs[0].shape.length === 0 ? total : reshape(total, node.outputs[0].shape as number[])];
};

/** The divisor of n that is nearest to its square root from below. */
function divisor(n: number): number {
  for (let d = Math.floor(Math.sqrt(n)); d > 1; d--) if (n % d === 0) return d;
  return 1;
}
