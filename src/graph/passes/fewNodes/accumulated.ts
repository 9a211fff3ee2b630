/** Sums with a product that nothing else reads: `Gemm` adds what is given to it. */
import { applyAll } from "../../apply.js";
import { sameShape } from "../../reshaping.js";
import { madeBy, type Node, topological, type Value } from "../../value.js";
import { rewriteGraph } from "../rewrite.js";

/** The product that makes a tensor, if it may add another. */
function freeProduct(v: Value, readers: ReadonlyMap<Value, number>): Node | null {
  const made = madeBy(v, "Gemm");
  return made && !made.inputs[2] && readers.get(v) === 1 ? made : null;
}

/** The graph with such sums as products. */
export function accumulated(outputs: readonly Value[]): readonly Value[] {
  const nodes = topological(outputs);
  const readers = new Map<Value, number>(outputs.map((v) => [v, 1]));
  for (const v of nodes.flatMap(({ inputs }) => inputs)) if (v) readers.set(v, (readers.get(v) ?? 0) + 1);
  return rewriteGraph(outputs, (node, inputs) => {
    if (node.op !== "Add" || node.domain !== "") return null;
    const [a, b] = node.inputs as readonly Value[];
    const place = [b, a].findIndex((v) => freeProduct(v, readers));
    if (place < 0 || a === b || !sameShape(a.shape, b.shape)) return null;
    const made = madeBy(inputs[1 - place], "Gemm");
    return (
      made && applyAll("Gemm", [...made.inputs.slice(0, 2), inputs[place] as Value], { ...made.attributes, beta: 1 })
    );
  });
}
