/**
 * Graphs rounded otherwise. No two providers add in one order, nor round alike, so this is what they may differ by; where a graph
 * makes much of it (batch normalisation of images that are nearly the same, the nearest of many that are as near) one run of it
 * says how much.
 */
import { mul, sub } from "../apply.js";
import { buildModel } from "../model.js";
import { readIfKnown } from "../read.js";
import { isConstant, type Value } from "../value.js";
import { expandComposites } from "./expand/index.js";
import { withOutputs } from "./outputs.js";
import { renew, rewriteGraph } from "./rewrite.js";

const products: ReadonlySet<string> = new Set(["Conv", "ConvTranspose", "Gemm", "MatMul"]);
/** Others that add many numbers. */
const sums: ReadonlySet<string> = new Set([
  "CumSum",
  "LayerNormalization",
  "LogSoftmax",
  "ReduceL1",
  "ReduceL2",
  "ReduceLogSumExp",
  "ReduceMean",
  "ReduceSum",
  "ReduceSumSquare",
  "Softmax",
]);

/** What adding in another order leaves right of float32's 24 bits, or less. */
const summed = 22;

/**
 * A model whose products take numbers of so many bits, and whose sums are right to 22: the same in every run. Convolutions with
 * constant filters pick and place, and stay exact.
 *
 * @param bits - of float32's mantissa, its hidden bit among them, at most 23
 * @returns null where `readModel` does not take the model
 */
export function roundedModel(model: Uint8Array, bits: number): Uint8Array | null {
  const graph = readIfKnown(model);
  return graph && buildModel(withOutputs(graph, (outputs) => rounded(expandComposites(outputs), bits)));
}

const rounded = (outputs: readonly Value[], bits: number): readonly Value[] =>
  rewriteGraph(outputs, (node, inputs) => {
    const isProduct = products.has(node.op);
    if (!(isProduct || sums.has(node.op)) || (node.op.startsWith("Conv") && inputs[1] && isConstant(inputs[1])))
      return null;
    const given = isProduct ? inputs.map((x) => x && toBits(x, bits)) : inputs;
    return renew(node, given).map((y) => toBits(y, summed));
  });

/** `x` rounded to so many bits (Veltkamp's splitting: Dekker 1971, "A floating-point technique for extending the available precision"). */
function toBits(x: Value, bits: number): Value {
  if (x.dtype !== "float32") return x;
  const wide = mul(x, 2 ** (24 - bits) + 1);
  return sub(wide, sub(wide, x));
}
