/**
 * Lowering to the blocked kernels of ONNX Runtime's CPU provider. They are internals of that library, measured to be well
 * ahead of its standard convolution, and only for machines where a probe finds them (`chooseTarget`). Images run through the
 * network in blocked memory, and are reordered where an op without a rule reads them. Composites that stay are expanded in
 * their portable form by the caller.
 */
import type { Graph } from "../../model.js";
import { type Shape, scopeAt, topological, type Value } from "../../value.js";
import { renew } from "../rewrite.js";
import { Lowering } from "./forms.js";
import { rules } from "./rules.js";

export interface Blocking {
  /** What the probe of the machine found: 8 or 16. */
  readonly block: number;
  /** Whether an input or output, by name and shape, is to be packed filters (`filters.ts`): none by default. */
  readonly isPacked?: (name: string, shape: Shape) => boolean;
}

/** The same graph for kernels of a block. Inputs and outputs keep their plain memory, but for those that are packed. */
export function lowerBlocked(graph: Graph, { block, isPacked = () => false }: Blocking): Graph {
  const outputs = Object.values(graph.outputs);
  const lowering = new Lowering(block, outputs);
  for (const v of graph.inputs) if (isPacked(v.name, v.shape)) lowering.set(v, { packed: v });
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
  const lowered = Object.entries(graph.outputs).map(([name, v]) => [
    name,
    isPacked(name, v.shape) ? lowering.packed(v) : lowering.plain(v),
  ]);
  return { ...graph, outputs: Object.fromEntries(lowered) };
}
