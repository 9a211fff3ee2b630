/**
 * Batch normalisations whose results are added, as those of a block and of its shortcut are, at once: channels beside channels,
 * where the tensors are so small that the launches which this saves take longer than copying them.
 */
import type { Graph } from "../model.js";
import { count, isStatic } from "../shapes.js";
import { type Node, producer, scopeAt, topological, type Value } from "../value.js";
import { cheaplyCopied } from "./copies.js";
import { type Pair, pairedBatchNormGrad, pairedBatchNormTrain } from "./expand/deviceBatchNorm.js";
import { withOutputs } from "./outputs.js";
import { type Rewrite, rewriteGraph } from "./rewrite.js";

/** `graph`, whose composites are not expanded yet, with such normalisations and their gradients at once. */
export const normsInPairs = (graph: Graph): Graph =>
  withOutputs(graph, (outputs) => {
    let made = outputs;
    for (let pair = firstPair(made); pair; pair = firstPair(made)) made = atOnce(made, pair);
    return made;
  });

/** Two normalisations, in the order of their parameters, and their gradients where both are asked for. */
interface Norms {
  readonly forward: readonly [Node, Node];
  readonly backward: readonly [Node, Node] | null;
}

function firstPair(outputs: readonly Value[]): Norms | null {
  const nodes = topological(outputs);
  const readers = new Map<Value, Node[]>();
  for (const n of nodes) for (const v of n.inputs) if (v) readers.set(v, [...(readers.get(v) ?? []), n]);
  for (const { op, domain, inputs } of nodes) {
    const [a, b] = inputs.map((v) => (op === "Add" && domain === "" && v ? norm(v) : null));
    if (!a || !b || a === b || !areAlike(a, b) || [a, b].some((n) => readers.get(n.outputs[0])?.length !== 1)) continue;
    const forward: Norms["forward"] = a.scope < b.scope ? [a, b] : [b, a];
    const [first, second] = forward.map(({ inputs: [x] }) => gradientsOf(readers.get(x as Value) ?? [], x as Value));
    const isOne = first.length === 1 && second.length === 1 && first[0].inputs[0] === second[0].inputs[0];
    return { forward, backward: isOne ? [first[0], second[0]] : null };
  }
  return null;
}

/** The node that normalises what `v` is. */
function norm(v: Value): Node | null {
  const made = producer(v);
  return made?.op === "BatchNormTrain" && made.outputs[0] === v ? made : null;
}

const gradientsOf = (readers: readonly Node[], x: Value): readonly Node[] =>
  readers.filter(({ op, inputs }) => op === "BatchNormGrad" && inputs[1] === x);

/** Whether two may be at once: two launches, or more, are saved by copying each tensor twice. */
function areAlike(a: Node, b: Node): boolean {
  const [x, other] = [a, b].map(({ inputs }) => inputs[0] as Value);
  return (
    x.dtype === "float32" &&
    isStatic(x.shape) &&
    String(x.shape) === String(other.shape) &&
    a.attributes.epsilon === b.attributes.epsilon &&
    2 * (count(x.shape) as number) <= cheaplyCopied
  );
}

const pairOf = ([a, b]: readonly [Node, Node], input: number): Pair => [
  a.inputs[input] as Value,
  b.inputs[input] as Value,
];

/** The graph with two normalisations at once. What they read is before them, so it stays as it is. */
function atOnce(outputs: readonly Value[], { forward, backward }: Norms): readonly Value[] {
  const [x, scale, bias] = [0, 1, 2].map((i) => pairOf(forward, i));
  const epsilon = forward[0].attributes.epsilon as number;
  const made = scopeAt(forward[0].scope, () => pairedBatchNormTrain(x, scale, bias, epsilon));
  const replaced = new Map(forward.flatMap((n, i) => n.outputs.map((v, k) => [v, made[i][k]] as const)));
  let gradients: readonly (readonly Value[])[] | null = null;
  const rule: Rewrite = (node, [dy]) => {
    const place = backward?.indexOf(node) ?? -1;
    if (!backward || place < 0) return null;
    gradients ??= scopeAt(backward[0].scope, () => pairedBatchNormGrad(dy as Value, x, scale, epsilon));
    return gradients[place];
  };
  return rewriteGraph(outputs, rule, replaced);
}
