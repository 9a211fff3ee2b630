/** How often tensors of a graph are read. */
import { type Node, topological, type Value } from "../../value.js";

/** For each tensor the inputs of nodes that it is, and one more where it is an output of the graph. */
export function readCounts(
  outputs: readonly Value[],
  nodes: readonly Node[] = topological(outputs),
): ReadonlyMap<Value, number> {
  const counts = new Map<Value, number>(outputs.map((v) => [v, 1]));
  for (const v of nodes.flatMap(({ inputs }) => inputs)) if (v) counts.set(v, (counts.get(v) ?? 0) + 1);
  return counts;
}
