/**
 * Updates after the whole backward pass. A filter is read by the gradient of its layer's images, which its own update does not
 * need: so no order of nodes would be sure that it may be written over (`overwritable.ts`), and the state would be held twice.
 * Where the learning rate waits for the norm of all gradients, every update does.
 */
import { constant, type Graph, rewriteGraph, where } from "../graph/index.js";
import { feeds, results } from "./names.js";

/** The same numbers; nothing changes in a graph that updates nothing, or has no norm of its gradients. */
export function updatesLast(graph: Graph): Graph {
  const rate = graph.inputs.find(({ name }) => name === feeds.learningRate);
  const norm = graph.outputs[results.gradientNorm];
  if (!rate || !norm) return graph;
  const waiting = where(constant([1], [], "bool"), rate, norm);
  const names = Object.keys(graph.outputs);
  const outputs = rewriteGraph(Object.values(graph.outputs), () => null, new Map([[rate, waiting]]));
  return { ...graph, outputs: Object.fromEntries(names.map((name, i) => [name, outputs[i]])) };
}
