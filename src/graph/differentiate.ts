/** Reverse-mode differentiation of a graph: one pass over its nodes, last first. */
import { GraphError, said } from "../errors.js";
import { add } from "./apply.js";
import { gradients } from "./gradients/index.js";
import type { Entry } from "./gradients/rule.js";
import { unbroadcast } from "./gradients/unbroadcast.js";
import { attributesOf, type OpType } from "./ops/index.js";
import { Recomputation } from "./recompute.js";
import { expandLike } from "./reshaping.js";
import { constant, described, type Node, producer, scopeAt, topological, type Value } from "./value.js";

/**
 * Gradients of the sum of `loss` with respect to `parameters`, as values of the same graph.
 *
 * @param loss - float32 of any shape; usually a scalar
 * @param parameters - inputs, constants or intermediate values that `loss` depends on
 * @returns one value for each parameter, of its shape
 * @param options - `unreached`: what to give for a parameter that the loss does not depend on, an error or null; `recompute`:
 *   whether the backward pass makes cheap activations again, to less memory (`recompute.ts`)
 * @throws GraphError if an op on the way has no gradient rule, or a parameter does not reach the loss
 */
export function differentiate(
  loss: Value,
  parameters: readonly Value[],
  options?: { readonly recompute?: boolean },
): readonly Value[];
export function differentiate(
  loss: Value,
  parameters: readonly Value[],
  options: { readonly unreached: "null" },
): readonly (Value | null)[];
export function differentiate(
  loss: Value,
  parameters: readonly Value[],
  {
    unreached = "error",
    recompute = false,
  }: { readonly unreached?: "error" | "null"; readonly recompute?: boolean } = {},
): readonly (Value | null)[] {
  if (!isFloat(loss))
    throw new GraphError("no-gradient", said`the loss ${described(loss)} is not of a float type: it has no gradient`);
  const order = topological([loss]);
  const { needed, blocks } = reach(order, parameters);
  const recomputation = recompute ? new Recomputation(order) : null;
  const cotangents = new Map<Value, Value>([[loss, expandLike(constant([1], [], loss.dtype), loss)]]);
  for (const node of order.reverse()) {
    const incoming = node.outputs.map((v) => cotangents.get(v) ?? null);
    if (incoming.every((g) => g === null) || !node.outputs.some((v) => needed.has(v))) continue;
    const outgoing = scopeAt(gradientScope(node), () =>
      backward(node, incoming, needed, recomputation).map((g, i) => g && summed(g, node.inputs[i], needed)),
    );
    recomputation?.passed(node, outgoing);
    for (const [i, g] of outgoing.entries()) {
      const into = node.inputs[i];
      if (!g || !into || !needed.has(into)) continue;
      const before = cotangents.get(into);
      cotangents.set(into, before ? scopeAt(gradientScope(producer(into) ?? node), () => add(before, g)) : g);
    }
  }
  return parameters.map((p) => {
    const gradient = cotangents.get(p);
    if (gradient || unreached === "null") return gradient ?? null;
    const block = order.reverse().find((node) => blocks.has(node) && dependsOn(node, p));
    throw new GraphError(
      "no-gradient",
      said`no gradient reaches ${described(p)}: ${block ? blocks.get(block) : "the loss does not depend on it"}`,
    );
  });
}

/** The cotangent of an input in its shape, where it is needed. */
const summed = (g: Value, input: Value | null | undefined, needed: ReadonlySet<Value>): Value =>
  input && needed.has(input) ? unbroadcast(g, input) : g;

/** The rule of a node's op; rules read the attributes of their own op. */
const entryOf = (node: Node): Entry<never> | undefined => gradients[node.op as OpType] as Entry<never> | undefined;

const isFloat = (v: Value): boolean => v.dtype.startsWith("float");

/** The values that vary with the parameters, and the nodes that end a dependence on them, with the reason. */
function reach(order: readonly Node[], parameters: readonly Value[]) {
  const needed = new Set<Value>(parameters);
  const blocks = new Map<Node, string>();
  for (const node of order) {
    if (!node.inputs.some((v) => v && needed.has(v))) continue;
    const entry = entryOf(node);
    const name = node.scope ? `${node.scope}/${node.op}` : node.op;
    if (node.attributes.stop) blocks.set(node, `${name}: the gradient is stopped there`);
    else if (entry && "noGradient" in entry) blocks.set(node, `${name}: ${entry.noGradient}`);
    else if (!node.outputs.some(isFloat)) blocks.set(node, `${name}: its output is ${node.outputs[0].dtype}`);
    else for (const v of node.outputs) if (isFloat(v)) needed.add(v);
  }
  return { needed, blocks };
}

/** `gradient/` before the scope of the node that is differentiated. */
function gradientScope(node: Node): string {
  if (node.scope === "gradient" || node.scope.startsWith("gradient/")) return node.scope;
  return node.scope ? `gradient/${node.scope}` : "gradient";
}

function backward(
  node: Node,
  grads: readonly (Value | null)[],
  needed: ReadonlySet<Value>,
  recomputation: Recomputation | null,
): readonly (Value | null)[] {
  const entry = entryOf(node);
  const read = (v: Value): Value => recomputation?.again(v) ?? v;
  if (typeof entry === "function")
    return entry(grads[0] as Value, {
      inputs: (node.inputs as readonly (Value | null)[]).map((v) => v && read(v)) as readonly Value[],
      outputs: node.outputs.map(read),
      attributes: attributesOf(node.op as OpType, node.attributes) as never,
      given: node.attributes,
      grads,
      needs: (i) => needed.has(node.inputs[i] as Value),
    });
  const domain = node.domain === "" || node.domain === "hcsc" ? "" : `${node.domain}.`;
  const name = `${node.scope ? `${node.scope}/` : ""}${domain}${node.op}`;
  if (entry && "unsupported" in entry)
    throw new GraphError("no-gradient", said`${{ op: name }} has no gradient rule: ${entry.unsupported}`);
  throw new GraphError(
    "no-gradient",
    said`${{ op: name }} has no gradient rule; compose it of ops that have one, or stop the gradient before it`,
  );
}

/** Whether `node` reads something that depends on `value`. */
function dependsOn(node: Node, value: Value): boolean {
  return (
    node.inputs.includes(value) ||
    topological(node.inputs.filter((v) => v !== null)).some((n) => n.inputs.includes(value))
  );
}
