/** Native nodes that do what the nodes beside them did: rectifiers and sums after batch normalisation, and their gradients. */
import { applyNative } from "../../apply.js";
import { type NativeOp, nativeDomain } from "../../ops/index.js";
import { sameShape } from "../../reshaping.js";
import { isConstant, type Node, producer, topological, type Value } from "../../value.js";
import { type Rewrite, rewriteGraph } from "../rewrite.js";

function nativeOf(v: Value | null | undefined, op: NativeOp): Node | null {
  const made = v && producer(v);
  return made && made.domain === nativeDomain && made.op === op ? made : null;
}

/** `outputs` in fewer nodes and passes. */
export function fusedNatives(outputs: readonly Value[]): readonly Value[] {
  const uses = usesOf(outputs);
  const onlyHere = (v: Value | null) => v !== null && uses.get(v) === 1;
  const rule: Rewrite = (node, inputs) => {
    const [x, other] = inputs as readonly Value[];
    if (node.domain === nativeDomain) return node.op === "BatchNormGrad" ? unmasked(node, inputs) : null;
    if (node.domain !== "") return null;
    if (node.op === "Relu" && onlyHere(node.inputs[0])) return rectified(x);
    if (node.op === "Add" && sameShape(x.shape, other.shape))
      return (onlyHere(node.inputs[0]) ? added(x, other) : null) ?? (onlyHere(node.inputs[1]) ? added(other, x) : null);
    if (node.op === "Mul" && sameShape(x.shape, other.shape)) return masked(x, other);
    return null;
  };
  return rewriteGraph(outputs, rule);
}

function usesOf(outputs: readonly Value[]): ReadonlyMap<Value, number> {
  const uses = new Map<Value, number>();
  const use = (v: Value | null) => v && uses.set(v, (uses.get(v) ?? 0) + 1);
  for (const node of topological(outputs)) for (const v of node.inputs) use(v);
  for (const v of outputs) use(v);
  return uses;
}

/** max(y, 0) of a normalised y. */
function rectified(y: Value): readonly Value[] | null {
  const made = nativeOf(y, "BatchNormalize");
  if (!made || made.attributes.rectified === 1) return null;
  return applyNative("BatchNormalize", made.inputs, { ...made.attributes, rectified: 1 });
}

/** y + other of a normalised y. */
function added(y: Value, other: Value): readonly Value[] | null {
  const made = nativeOf(y, "BatchNormalize");
  if (!made || made.attributes.rectified === 1 || made.inputs.length > 5) return null;
  return applyNative("BatchNormalize", [...made.inputs, other], { ...made.attributes });
}

/** dy·step(y), as the gradient of a rectifier writes it (`stepOf`). */
function masked(dy: Value, step: Value): readonly Value[] | null {
  const made = producer(step);
  if (made?.op !== "HardSigmoid" || made.attributes.alpha !== 1e20 || isConstant(dy)) return null;
  return applyNative("ReluGrad", [dy, made.inputs[0] as Value], {});
}

/** The gradient of a normalisation that a rectifier follows: from dy of the rectified. */
function unmasked({ attributes }: Node, [dy, x, ...rest]: readonly (Value | null)[]): readonly Value[] | null {
  const mask = nativeOf(dy, "ReluGrad");
  const made = nativeOf(mask?.inputs[1], "BatchNormalize");
  if (!mask || !made || made.attributes.rectified !== 1 || made.inputs.length > 5 || made.inputs[0] !== x) return null;
  return applyNative("BatchNormGrad", [mask.inputs[0], x, ...rest, made.inputs[2]], { ...attributes });
}
