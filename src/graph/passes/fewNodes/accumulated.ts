/** Sums with a product that nothing else reads: `Gemm` adds what is given to it. */
import { applyAll } from "../../apply.js";
import { sameShape } from "../../reshaping.js";
import { madeBy, type Node, type Value } from "../../value.js";
import { rewriteGraph } from "../rewrite.js";
import { readCounts } from "./readers.js";

/** The product that makes a tensor, if it may add another. */
function freeProduct(v: Value, readers: ReadonlyMap<Value, number>): Node | null {
  const made = madeBy(v, "Gemm");
  return made && !made.inputs[2] && readers.get(v) === 1 ? made : null;
}

/** The graph with such sums as products. */
export function accumulated(outputs: readonly Value[]): readonly Value[] {
  const readers = readCounts(outputs);
  return rewriteGraph(outputs, (node, inputs) => {
    if (node.op !== "Add" || node.domain !== "") return null;
    const [a, b] = node.inputs as readonly Value[];
    if (a === b || !sameShape(a.shape, b.shape)) return null;
    const [product, other] = freeProduct(b, readers) ? [inputs[1], inputs[0]] : [inputs[0], inputs[1]];
    const made = freeProduct(a, readers) || freeProduct(b, readers) ? madeBy(product, "Gemm") : null;
    return made && applyAll("Gemm", [...made.inputs.slice(0, 2), other as Value], { ...made.attributes, beta: 1 });
  });
}
