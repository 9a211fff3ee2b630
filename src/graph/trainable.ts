/** Gradients for a whole model, such as one read from a file: its stored tensors become inputs that training can change. */
import type { DenseArray } from "../array.js";
import { GraphError, ShapeError, said } from "../errors.js";
import { differentiate } from "./differentiate.js";
import type { Graph } from "./model.js";
import { expandComposites } from "./passes/expand/index.js";
import { renew, rewriteGraph } from "./passes/rewrite.js";
import { type Constant, constant, described, input, isConstant, topological, type Value } from "./value.js";

/** A graph whose parameters are inputs, with an output `gradient/<name>` for each. */
export interface TrainableGraph extends Graph {
  /** What the model stored: where training starts. */
  readonly parameters: Readonly<Record<string, Constant>>;
}

/**
 * The graph with its parameters as further inputs and their gradients as further outputs, ready for `buildModel`.
 *
 * ```ts
 * const model = readModel(await readFile("classifier.onnx"));
 * const target = input("target", ["batch"], "int64");
 * const loss = mean(crossEntropy(model.outputs.logits, target));
 * const training = differentiateModel(
 *   { ...model, inputs: [...model.inputs, target], outputs: { loss } },
 *   { loss: "loss", parameters: "all" },
 * );
 * // feed training.parameters; fetch loss and gradient/…; subtract; feed again
 * ```
 *
 * @param options - `loss`: the name of the output to differentiate; `parameters`: names of stored tensors, or `"all"`: every float
 *   one of at least one dimension that a gradient reaches.
 *   Running statistics of batch normalisation are none of them: they stay as they are
 * @throws GraphError if a name is unknown, or no gradient reaches a named parameter
 */
export function differentiateModel(
  graph: Graph,
  { loss, parameters }: { readonly loss: string; readonly parameters: readonly string[] | "all" },
): TrainableGraph {
  const names = Object.keys(graph.outputs);
  if (!names.includes(loss))
    throw new GraphError(
      "unknown-name",
      said`the graph ${{ graph: graph.name }} has no output ${{ tensor: loss }}; it has ${names.join(", ")}`,
    );
  const stored = storedTensors(Object.values(graph.outputs));
  const chosen =
    parameters === "all" ? trainable(graph.outputs[loss], stored) : parameters.map((n) => named(n, stored));
  const inputs = new Map<Value, Value>(chosen.map((c) => [c, input(c.name, c.shape, c.dtype)]));
  const swap = (v: Value | null) => v && (inputs.get(v) ?? v);
  const outputs = rewriteGraph(Object.values(graph.outputs), (node, given) => renew(node, given.map(swap))).map(
    (v) => inputs.get(v) ?? v,
  );
  const made = differentiate(outputs[names.indexOf(loss)], [...inputs.values()]);
  const all = expandComposites([...outputs, ...made]);
  const outputNames = [...names, ...chosen.map((c) => `gradient/${c.name}`)];
  return {
    name: graph.name,
    inputs: [...graph.inputs, ...inputs.values()],
    outputs: Object.fromEntries(outputNames.map((n, i) => [n, all[i]])),
    parameters: Object.fromEntries(chosen.map((c) => [c.name, c])),
  };
}

/**
 * The graph with other elements in tensors that it stores: a model after training.
 *
 * @param weights - by name, each of the stored tensor's shape
 * @throws GraphError if the graph stores no such tensor of a float type; ShapeError if one is of another shape
 */
export function withWeights(graph: Graph, weights: Readonly<Record<string, DenseArray<Float32Array>>>): Graph {
  const before = Object.values(graph.outputs);
  const stored = storedTensors(before);
  const replaced = new Map<Value, Value>();
  for (const [name, { shape, data }] of Object.entries(weights)) {
    const old = named(name, stored);
    if (old.shape.join() !== shape.join())
      throw new ShapeError(
        "wrong-shape",
        said`the weights of ${{ tensor: name }} are ${{ shape }}, the graph stores ${{ neededShape: old.shape }}`,
      );
    replaced.set(old, constant(Array.from(data), shape, old.dtype, name));
  }
  const after = rewriteGraph(before, () => null, replaced);
  return { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, after[i]])) };
}

/** The named constants that the graph reads. */
function storedTensors(outputs: readonly Value[]): ReadonlyMap<string, Constant> {
  const read = topological(outputs).flatMap((n) => n.inputs.filter((v) => v !== null));
  return new Map([...read, ...outputs].filter(isConstant).flatMap((c) => (c.name ? [[c.name, c]] : [])));
}

function named(name: string, stored: ReadonlyMap<string, Constant>): Constant {
  const found = stored.get(name);
  if (!found)
    throw new GraphError(
      "unknown-name",
      said`the model stores no tensor ${{ tensor: name }}; it stores ${[...stored.keys()].join(", ") || "none"}`,
    );
  if (!found.dtype.startsWith("float"))
    throw new GraphError("no-gradient", said`${described(found)} is not of a float type`);
  return found;
}

const statistics = [3, 4];

/** Float tensors of at least one dimension that a gradient reaches, but for running statistics. */
function trainable(loss: Value, stored: ReadonlyMap<string, Constant>): readonly Constant[] {
  const nodes = topological([loss]);
  const fixed = new Set<Value | null>(
    nodes.filter((n) => n.op === "BatchNormalization").flatMap((n) => statistics.map((i) => n.inputs[i])),
  );
  const candidates = [...stored.values()].filter(
    (c) => c.dtype.startsWith("float") && c.shape.length > 0 && !fixed.has(c),
  );
  return differentiate(loss, candidates, { unreached: "null" }).flatMap((g, i) => (g ? [candidates[i]] : []));
}
