/** Pieces of a tensor that are put together again: no `Split` takes apart what a `Concat` joins. */
import { concat, split } from "../../apply.js";
import { known, madeBy, type Node, topological, type Value } from "../../value.js";
import { type Rewrite, rewriteGraph } from "../rewrite.js";
import { simplify } from "../simplify.js";
import { readCounts } from "./readers.js";

const axisOf = ({ attributes }: Node): number => attributes.axis as number;

/** Among tensors side by side, all pieces of one, in order: that one. */
export const rejoined: Rewrite = (node, inputs) => {
  if (node.op !== "Concat") return null;
  const parts: Value[] = [];
  for (let i = 0; i < inputs.length; i++) {
    const made = madeBy(inputs[i], "Split");
    const isWhole = made && axisOf(made) === axisOf(node) && made.outputs.every((v, k) => inputs[i + k] === v);
    parts.push((isWhole ? made.inputs[0] : inputs[i]) as Value);
    if (isWhole) i += made.outputs.length - 1;
  }
  if (parts.length === inputs.length) return null;
  return parts.length === 1 ? parts : [concat(parts, axisOf(node))];
};

/** The graph in which neighbouring pieces that nothing but one `Concat` reads are one piece. */
export function largePieces(given: readonly Value[]): readonly Value[] {
  const outputs = simplify(given);
  const nodes = topological(outputs);
  const readers = readCounts(outputs, nodes);
  /** Of the pieces that become part of one before them, that one. */
  const first = new Map<Value, Value>();
  const [splits, joins] = [new Set<Node>(), new Set<Node>()];
  for (const node of nodes) {
    const made = node.op === "Concat" && node.domain === "" ? madeBy(node.inputs[0], "Split") : null;
    if (!made || axisOf(made) !== axisOf(node)) continue;
    const from = made.outputs.indexOf(node.inputs[0] as Value);
    const areOwn = node.inputs.every((v, i) => v && v === made.outputs[from + i] && readers.get(v) === 1);
    if (!areOwn) continue;
    splits.add(made);
    joins.add(node);
    for (const v of node.inputs.slice(1) as Value[]) first.set(v, node.inputs[0] as Value);
  }
  return rewriteGraph(outputs, (node, inputs) => {
    if (joins.has(node)) return [inputs[0] as Value];
    if (!splits.has(node)) return null;
    const sizes = new Map<Value, number>();
    for (const [i, size] of (known(node.inputs[1]) as number[]).entries()) {
      const into = first.get(node.outputs[i]) ?? node.outputs[i];
      sizes.set(into, (sizes.get(into) ?? 0) + size);
    }
    const pieces = new Map([...sizes.keys()].map((v, i) => [v, i]));
    const made = split(inputs[0] as Value, [...sizes.values()], axisOf(node));
    return node.outputs.map((v) => made[pieces.get(first.get(v) ?? v) as number]);
  });
}
