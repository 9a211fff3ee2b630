/** Reductions: g is put back over the axes that y lost, and scaled by ∂y/∂x. */
import { cast, div, equal, mul, sub, sum, unsqueeze } from "../apply.js";
import type { FilledOf } from "../ops/index.js";
import { expandLike } from "../reshaping.js";
import { count, fromFront } from "../shapes.js";
import { known, type Value } from "../value.js";
import { type Context, ones, type Rule } from "./rule.js";

/** The axes that a reduction takes, and `v`, of y's shape, with them put back as 1. */
function restore(v: Value, { inputs: [x, given], attributes }: Context<FilledOf<"ReduceSum">>) {
  const listed = given ? (known(given) as number[]) : [];
  const all = listed.length === 0 && !attributes.noop_with_empty_axes;
  const axes = (all ? x.shape.map((_, i) => i) : listed).map((a) => fromFront(a, x.shape.length)).sort((a, b) => a - b);
  return { axes, restored: attributes.keepdims ? v : unsqueeze(v, axes) };
}

/** A rule from g, x and y, the reduced axes of g and y kept as 1. */
export const reduction =
  (rule: (g: Value, x: Value, y: Value, axes: readonly number[]) => Value): Rule<FilledOf<"ReduceSum">> =>
  (g, context) => {
    const { axes, restored } = restore(g, context);
    return [rule(restored, context.inputs[0], restore(context.outputs[0], context).restored, axes), null];
  };

/** y = the largest or smallest along `axes`: ties share the cotangent equally. */
export function shareAmongEqual(g: Value, x: Value, y: Value, axes: readonly number[]): Value {
  const hit = cast(equal(x, y), g.dtype);
  return mul(div(g, sum(hit, axes, true)), hit);
}

/** How many elements a mean over `axes` takes: a number, or a value where it is known only at run time. */
export function population(x: Value, axes: readonly number[]): Value | number {
  return count(axes.map((a) => x.shape[a])) ?? sum(ones(x), axes, true);
}

/** y = mean of x over `axes`. */
export const meanCotangent = (g: Value, x: Value, axes: readonly number[]): Value =>
  expandLike(div(g, population(x, axes)), x);

/** y = Πx. dx = g·Π of the others: with zeros set to 1, Πx/x, but 0 where another element is zero. */
export function productCotangent(g: Value, x: Value, axes: readonly number[], product: (v: Value) => Value): Value {
  const zero = cast(equal(x, 0), x.dtype);
  const otherZeros = sub(sum(zero, axes, true), zero);
  const nonzero = sub(x, mul(zero, sub(x, 1)));
  return mul(div(mul(g, product(nonzero)), nonzero), cast(equal(otherZeros, 0), x.dtype));
}
