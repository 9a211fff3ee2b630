/**
 * The dynamic loss scale of float16 (Micikevicius et al. 2018, section 3.2): the loss is multiplied before it is
 * differentiated and the gradients divided after, so that small ones survive. An update whose gradients are not finite is left
 * out and halves the scale; so many good ones in a row double it.
 */
import { add, less, mul, type Value, where } from "../graph/index.js";
import { globalNorm } from "../optim/index.js";

/** The scale that a run starts from. */
export const firstScale = 2 ** 16;
/** Good updates in a row that double the scale. */
const patience = 1000;
const largestFloat = 3.4e38;

/** Whether every gradient is a finite number: bool scalar. */
export const areFinite = (gradients: readonly Value[]): Value => less(globalNorm(gradients), largestFloat);

/** The scale, and the number of good updates since it changed, after an update. */
export function adjusted(scale: Value, good: Value, finite: Value): { readonly scale: Value; readonly good: Value } {
  const count = add(good, 1);
  const isShort = less(count, patience);
  return {
    scale: where(finite, where(isShort, scale, mul(scale, 2)), mul(scale, 0.5)),
    good: where(finite, where(isShort, count, 0), 0),
  };
}
