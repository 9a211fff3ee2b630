/** Reverse-mode differentiation of a graph: one pass over its nodes, last first. */
import { GraphError } from "../errors.js";
import { add, expandLike } from "./apply.js";
import { gradients } from "./gradients.js";
import { constant, describe, type Node, producer, scopeAt, topological, type Value } from "./value.js";

/**
 * Gradients of the sum of `loss` with respect to `parameters`, as values of the same graph.
 *
 * @param loss - float32 of any shape; usually a scalar
 * @param parameters - inputs or intermediate values that `loss` depends on
 * @returns one value for each parameter, of its shape
 * @throws GraphError if an op on the way has no gradient rule, or a parameter does not reach the loss
 */
export function differentiate(loss: Value, parameters: readonly Value[]): readonly Value[] {
  const order = topological([loss]);
  const needed = new Set<Value>(parameters);
  for (const node of order) {
    if (!node.attributes.stop && node.inputs.some((v) => v && needed.has(v)))
      for (const v of node.outputs) needed.add(v);
  }
  const cotangents = new Map<Value, Value>([[loss, expandLike(constant([1], [], loss.dtype), loss)]]);
  const blocked = new Map<Value, string>();
  for (const node of order.reverse()) {
    const incoming = node.outputs.map((v) => cotangents.get(v) ?? null);
    if (incoming.every((g) => g === null) || !node.outputs.some((v) => needed.has(v))) continue;
    const outgoing = scopeAt(gradientScope(node), () => backward(node, incoming, needed, blocked));
    for (const [i, g] of outgoing.entries()) {
      const into = node.inputs[i];
      if (!g || !into || !needed.has(into)) continue;
      const before = cotangents.get(into);
      cotangents.set(into, before ? scopeAt(gradientScope(producer(into) ?? node), () => add(before, g)) : g);
    }
  }
  return parameters.map((p) => {
    const gradient = cotangents.get(p);
    if (gradient) return gradient;
    const reason = [...blocked].find(([v]) => depends(v, p))?.[1];
    throw new GraphError(`no gradient reaches ${describe(p)}: ${reason ?? "the loss does not depend on it"}`);
  });
}

const gradientScope = (node: Node): string =>
  node.scope.startsWith("gradient/") ? node.scope : `gradient/${node.scope}`;

function backward(
  node: Node,
  grads: readonly (Value | null)[],
  needed: ReadonlySet<Value>,
  blocked: Map<Value, string>,
): readonly (Value | null)[] {
  const rule = gradients[node.op as keyof typeof gradients];
  if (!rule)
    throw new GraphError(
      `${node.scope}/${node.op} has no gradient rule; add one to the table in gradients, or stop the gradient before it`,
    );
  if (typeof rule === "object") {
    for (const v of node.inputs) if (v && needed.has(v)) blocked.set(v, `${node.op}: ${rule.noGradient}`);
    return [];
  }
  return rule(grads[0] as Value, {
    inputs: node.inputs as readonly Value[],
    outputs: node.outputs,
    attributes: node.attributes,
    grads,
    needs: (i) => needed.has(node.inputs[i] as Value),
  });
}

function depends(value: Value, on: Value): boolean {
  return value === on || topological([value]).some((n) => n.inputs.includes(on));
}
