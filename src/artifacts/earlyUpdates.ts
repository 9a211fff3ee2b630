/**
 * Updates as early as they can be, over what they replace. A filter is read by the gradient of its layer's images, which its own
 * update does not need: so no order of nodes would be sure that it may be written over (`overwritable.ts`), and the state would
 * be held twice. Here each update waits for the gradient of a vector that does need it, a bias of the layer before; and for the
 * square of its own gradient, of which the norm is made, so that nothing else has to keep that gradient.
 *
 * ONNX Runtime runs first what the last output needs. Gradients are made from the last layer to the first, so the updates are
 * the last outputs, in the order of layers: each frees its gradient before the next is made.
 */
import {
  add,
  apply,
  constant,
  type Graph,
  type Node,
  reshape,
  rewriteGraph,
  slice,
  topological,
  type Value,
  where,
} from "../graph/index.js";
import { feeds, isTrainable, next, state } from "./names.js";

/** The same numbers; nothing changes in a graph without gradients, or whose updates need the norm of all, which then come last. */
export function earlyUpdates(graph: Graph): Graph {
  const names = Object.keys(graph.outputs);
  const rate = graph.inputs.find(({ name }) => name === feeds.learningRate);
  const [norm, ...more] = topological(Object.values(graph.outputs)).filter(({ op }) => op === "SumOfSquares");
  const updated = names.flatMap((name) => (isTrainable(stateOf(name)) ? [stateOf(name)] : []));
  if (!rate || more.length > 0 || norm?.inputs.length !== updated.length) return graph;
  const gradients = norm.inputs as readonly Value[];
  const squares = gradients.map((g) => apply("SumOfSquares", [g]));
  const sum = squares.reduce((a, b) => add(a, b));
  const values = rewriteGraph(Object.values(graph.outputs), (node) => (node === norm ? [sum] : null));
  const outputs = new Map(names.map((name, i) => [name, values[i]]));
  const readers = new Readers(values, rate);
  for (const [i, name] of updated.entries()) {
    const parameter = graph.inputs.find((v) => v.name === name) as Value;
    const later = readers.after(parameter, outputs.get(next(name)) as Value, gradients.slice(0, i));
    const done = later ? add(squares[i], reshape(slice(later, 0, 0, 1), [])) : squares[i];
    const waiting = new Map([[rate, where(constant([1], [], "bool"), rate, done)]]);
    const own = names.filter((output) => isOf(output, name));
    const renewed = rewriteGraph(
      own.map((output) => outputs.get(output) as Value),
      () => null,
      waiting,
    );
    for (const [k, output] of own.entries()) {
      outputs.delete(output); // and back as the last
      outputs.set(output, renewed[k]);
    }
  }
  return { ...graph, outputs: Object.fromEntries(outputs) };
}

/** The state that an output replaces; of another, nothing. */
const stateOf = (output: string): string => (output.startsWith(next("")) ? output.slice(next("").length) : "");

/** Whether an output is a parameter's next value, or what the optimizer keeps of it. */
const isOf = (output: string, parameter: string): boolean =>
  stateOf(output).replace(/^optimizer\/[^/]+\//, state.query("")) === parameter;

/** What reads parameters, but for their updates. */
class Readers {
  private readonly of = new Map<Value, Node[]>();
  private readonly before = new Map<Value, ReadonlySet<Node>>();

  constructor(values: readonly Value[], rate: Value) {
    const moved = new Set<Value>([rate]);
    for (const node of topological(values)) {
      const inputs = node.inputs.filter((v) => v !== null);
      if (inputs.some((v) => moved.has(v))) for (const y of node.outputs) moved.add(y);
      else for (const x of inputs) if (x.source.kind === "input") this.of.set(x, [...(this.of.get(x) ?? []), node]);
    }
  }

  /** The last of some gradients that is a vector's and comes after all that reads the parameter; null where its update does. */
  after(parameter: Value, update: Value, gradients: readonly Value[]): Value | null {
    const left = (this.of.get(parameter) ?? []).filter((node) => !this.nodesOf(update).has(node));
    if (left.length === 0) return null;
    const vectors = gradients.filter((g) => g.shape.length === 1);
    return vectors.findLast((g) => left.every((node) => this.nodesOf(g).has(node))) ?? null;
  }

  private nodesOf(value: Value): ReadonlySet<Node> {
    const known = this.before.get(value) ?? new Set(topological([value]));
    this.before.set(value, known);
    return known;
  }
}
