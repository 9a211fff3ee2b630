/** What was broadcast in the forward pass is summed in the backward pass. */
import { neg, sum } from "../apply.js";
import { reshapeLike, sameShape } from "../reshaping.js";
import { producer, type Value } from "../value.js";

/** Sums `g` over the axes along which `x` was broadcast. A sign is taken after the sum, of fewer elements. */
export function unbroadcast(g: Value, x: Value): Value {
  if (sameShape(g.shape, x.shape)) return g;
  const made = producer(g);
  if (made?.op === "Neg" && made.domain === "") return neg(unbroadcast(made.inputs[0] as Value, x));
  const lead = g.shape.length - x.shape.length;
  const axes = g.shape.flatMap((d, i) => (d !== 1 && (i < lead || x.shape[i - lead] === 1) ? [i] : []));
  return reshapeLike(axes.length ? sum(g, axes, true) : g, x);
}
