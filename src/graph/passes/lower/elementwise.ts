/**
 * Element-wise ops and sums of all elements work on blocked images and packed filters as on any other memory, if all operands have
 * the same order or one element. An addition or a ReLU goes into the kernel that makes its operand where nothing else reads that.
 */
import { reshape } from "../../apply.js";
import { count, isStatic } from "../../shapes.js";
import { node as make, type Node, type Value } from "../../value.js";
import type { Forms, Lowering, Rule } from "./forms.js";
import { imageOf } from "./kernels.js";

const sameImage = (a: Value, b: Value): boolean => String(a.shape) === String(b.shape);
const isSingle = (v: Value): boolean => v.shape.length === 0 || (v.shape.length === 1 && v.shape[0] === 1);

type Order = "blocked" | "packed";

/** The order of memory in which the node can run, and which an operand has already; null where there is none. */
function orderOf({ inputs, outputs: [y] }: Node, lowering: Lowering): Order | null {
  const operands = inputs.filter((v): v is Value => v !== null && !isSingle(v));
  if (!lowering.fits(y) || !operands.every((v) => v.dtype === "float32" && sameImage(v, y))) return null;
  if (operands.some((v) => lowering.isBlocked(v))) return "blocked";
  return operands.some((v) => lowering.isPacked(v)) ? "packed" : null;
}

export const elementwise: Rule = (old, lowering) => {
  const order = orderOf(old, lowering);
  if (!order) return null;
  const inputs = old.inputs.map((v) => v && (isSingle(v) ? lowering.plain(v) : lowering[order](v)));
  return [{ [order]: make(old.op, inputs, old.attributes, old.outputs, old.domain).outputs[0] }];
};

/** The sum of all elements. */
export const total: Rule = (old, lowering) => {
  const [x, ...rest] = old.inputs as readonly Value[];
  if (!lowering.isPacked(x) || count(old.outputs[0].shape) !== 1) return null;
  const inputs = [lowering.packed(x), ...rest];
  return [{ plain: make(old.op, inputs, old.attributes, old.outputs, old.domain).outputs[0] }];
};

/** The sum of all squares, whatever the order of its tensors' memory. */
export const squares: Rule = (old, lowering) => {
  const inputs = (old.inputs as readonly Value[]).map((v) =>
    lowering.isPacked(v) ? lowering.packed(v) : lowering.plain(v),
  );
  return [{ plain: make(old.op, inputs, old.attributes, old.outputs, old.domain).outputs[0] }];
};

/** a + b, the one inside the kernel that makes the other. */
export const add: Rule = (old, lowering) => {
  if (orderOf(old, lowering) !== "blocked") return elementwise(old, lowering);
  const [a, b] = old.inputs as readonly Value[];
  for (const [first, second] of [
    [a, b],
    [b, a],
  ]) {
    const inner = lowering.fusible(first);
    if (!inner || isSingle(second) || first === second) continue;
    const sum = lowering.blocked(second);
    const fuse: Forms["fuse"] = (tail) => (tail.sum ? inner({}) : inner({ ...tail, sum }));
    return [{ blocked: inner({ sum }), fuse: (tail) => fuse(tail) }];
  }
  return elementwise(old, lowering);
};

export const relu: Rule = (old, lowering) => {
  const inner = lowering.fusible(old.inputs[0] as Value);
  return inner ? [{ blocked: inner({ relu: true }) }] : elementwise(old, lowering);
};

/** [N,C,H,W] → [N/g, g·C, H, W] and back: the same blocked memory, as long as no block is cut. */
export const reshaped: Rule = (old, lowering) => {
  const [x] = old.inputs as readonly Value[];
  const [y] = old.outputs;
  if (!isStatic(y.shape) || !lowering.fits(x) || !lowering.fits(y) || !lowering.isBlocked(x)) return null;
  const [[, , h, w], [, , height, width]] = [imageOf(x), imageOf(y)];
  if (h !== height || w !== width) return null;
  const inner = lowering.fusible(x);
  const fuse: Forms["fuse"] = (tail) =>
    reshape(
      (inner as NonNullable<typeof inner>)({ ...tail, sum: tail.sum ? reshape(tail.sum, imageOf(x)) : null }),
      imageOf(y),
    );
  return [{ blocked: reshape(lowering.blocked(x), imageOf(y)), ...(inner ? { fuse } : {}) }];
};
