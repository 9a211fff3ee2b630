/**
 * Mixed precision (Micikevicius et al. 2018): the convolutions of a graph on float16 copies of their inputs; everything else,
 * sums over positions and images among it, as it was. Applied to an expanded graph with its gradients, so the same holds for
 * both directions. Filters that are constants pick or place elements: those convolutions stay exact.
 */
import { applyAll, cast } from "../apply.js";
import { isConstant, type Value } from "../value.js";
import { type Rewrite, rewriteGraph } from "./rewrite.js";

const isHalved = (op: string): op is "Conv" | "ConvTranspose" => op === "Conv" || op === "ConvTranspose";

/** `outputs` with every convolution in float16. */
export function convolveInHalf(outputs: readonly Value[]): readonly Value[] {
  const rule: Rewrite = (node, inputs) => {
    const { op } = node;
    if (!isHalved(op) || (inputs[1] && isConstant(inputs[1]))) return null;
    const copies = inputs.map((v) => v && cast(v, "float16"));
    return applyAll(op, copies, node.attributes, 1).map((y) => cast(y, "float32"));
  };
  return rewriteGraph(outputs, rule);
}
