/** What every pass over a whole graph gives: the same inputs, and outputs by the same names. */
import type { Graph } from "../model.js";
import type { Value } from "../value.js";

/** `graph` with `form` applied to all its outputs, in their order. */
export function withOutputs(graph: Graph, form: (outputs: readonly Value[]) => readonly Value[]): Graph {
  const outputs = form(Object.values(graph.outputs));
  return { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, outputs[i]])) };
}
