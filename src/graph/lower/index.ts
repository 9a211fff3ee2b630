/**
 * Lowering to the blocked kernels of ONNX Runtime's CPU provider. They are internals of that library, measured to be well
 * ahead of its standard convolution, and only for machines where a probe finds them (`chooseTarget`). Images run through the
 * network in blocked memory, and are reordered where an op without a rule reads them. Composites that stay are expanded in
 * their portable form by the caller.
 */
import type { Graph } from "../model.js";
import { renew } from "../rewrite.js";
import { scopeAt, topological, type Value } from "../value.js";
import { Lowering } from "./forms.js";
import { rules } from "./rules.js";

/**
 * The graph for kernels of a block.
 *
 * @param block - what the probe of the machine found: 8 or 16
 * @returns the same graph; its inputs and outputs keep their plain memory
 */
export function lowerBlocked(graph: Graph, { block }: { readonly block: number }): Graph {
  const outputs = Object.values(graph.outputs);
  const lowering = new Lowering(block, outputs);
  for (const node of topological(outputs)) {
    const made = scopeAt(node.scope, () => rules[node.op]?.(node, lowering));
    const kept = made
      ? null
      : renew(
          node,
          node.inputs.map((v) => v && lowering.plain(v)),
        );
    for (const [i, old] of node.outputs.entries())
      lowering.set(old, made?.[i] ?? { plain: (kept as readonly Value[])[i] });
  }
  const names = Object.keys(graph.outputs);
  const lowered = Object.fromEntries(names.map((name, i) => [name, lowering.plain(outputs[i])]));
  return { ...graph, outputs: lowered };
}
