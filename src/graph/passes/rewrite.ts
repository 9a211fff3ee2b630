/** Rebuilding a graph with some of its nodes replaced: what expansion, lowering and common-subexpression elimination share. */
import { type Node, node, scopeAt, topological, type Value } from "../value.js";

/** What a node becomes: its new outputs, or null to keep it (with its new inputs). */
export type Rewrite = (node: Node, inputs: readonly (Value | null)[]) => readonly Value[] | null;

/**
 * The graph of `outputs` with `rewrite` applied to every node, inputs first.
 *
 * @param replaced - values to put in the place of others, graph inputs among them
 * @returns the new outputs, in order
 */
export function rewriteGraph(
  outputs: readonly Value[],
  rewrite: Rewrite,
  replaced: ReadonlyMap<Value, Value> = new Map(),
): readonly Value[] {
  const renewed = new Map<Value, Value>(replaced);
  const now = (value: Value) => renewed.get(value) ?? value;
  for (const old of topological(outputs)) {
    if (old.outputs.every((v) => replaced.has(v))) continue;
    const inputs = old.inputs.map((v) => v && now(v));
    const made = scopeAt(old.scope, () => rewrite(old, inputs)) ?? renew(old, inputs);
    for (const [i, value] of old.outputs.entries()) if (made[i]) renewed.set(value, made[i]);
  }
  return outputs.map(now);
}

/** The same node on other inputs; itself if nothing changed. */
export function renew(old: Node, inputs: readonly (Value | null)[]): readonly Value[] {
  if (inputs.every((v, i) => v === old.inputs[i])) return old.outputs;
  return node(old.op, inputs, old.attributes, old.outputs, old.domain, old.scope).outputs;
}
