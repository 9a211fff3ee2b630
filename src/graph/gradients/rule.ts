/** What a gradient rule is given, and the small parts that many rules share. */
import { GraphError } from "../../errors.js";
import { cast, expandLike, mul, reshapeLike, sameShape, sum, transpose } from "../apply.js";
import { type Attribute, type Attributes, describe, scalar, type Value } from "../value.js";

export interface Context {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** The cotangent of every output; null where none flows. */
  readonly grads: readonly (Value | null)[];
  /** Whether the cotangent of input `i` is wanted. */
  readonly needs: (i: number) => boolean;
}

/** From the cotangent `g` of the first output: as many cotangents as inputs; null where no gradient flows. */
export type Rule = (g: Value, context: Context) => readonly (Value | null)[];

/** An op through which the gradient is zero everywhere it exists, and why. */
export const none = (noGradient: string) => ({ noGradient });

/** An op whose gradient exists but is not built, and what to do instead: an error where it is needed. */
export const unsupported = (reason: string) => ({ unsupported: reason });

export type Entry = Rule | ReturnType<typeof none> | ReturnType<typeof unsupported>;

/** g·y' with y' a function of x and y, for ops of one input. */
export const pointwise =
  (derivative: (x: Value, y: Value, attributes: Attributes) => Value): Rule =>
  (g, { inputs: [x], outputs: [y], attributes }) => [mul(g, derivative(x, y, attributes))];

/** Ops that only give the elements another shape. */
export const reshaping: Rule = (g, { inputs: [x] }) => [reshapeLike(g, x), null];

export function attribute(a: Attributes, name: string, fallback: number): number;
export function attribute(a: Attributes, name: string, fallback: string): string;
export function attribute(a: Attributes, name: string, fallback: readonly number[]): readonly number[];
export function attribute(a: Attributes, name: string, fallback: Attribute): Attribute {
  return a[name] ?? fallback;
}

export const ones = (x: Value): Value => expandLike(scalar(1, x.dtype), x);
export const zeros = (x: Value): Value => expandLike(scalar(0, x.dtype), x);

/** `g` where `condition`, else 0; by a product, which providers run faster than `Where`. */
export const mask = (condition: Value, g: Value): Value => mul(g, cast(condition, g.dtype));

export const axisOf = (axis: number, x: Value): number => (axis < 0 ? axis + x.shape.length : axis);

/** The axes of images `[N,C,…]` but the channels. */
export const notChannels = (x: Value): number[] => x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));

/** Sums `g` over the axes along which `x` was broadcast. */
export function unbroadcast(g: Value, x: Value): Value {
  if (sameShape(g.shape, x.shape)) return g;
  const lead = g.shape.length - x.shape.length;
  const axes = g.shape.flatMap((d, i) => (i < lead || (x.shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshapeLike(axes.length ? sum(g, axes, true) : g, x);
}

/** Exchanges the last two axes. */
export function swapLast(x: Value): Value {
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** Fails where a loss depends on an output for which the op has no rule. */
export function firstOutputOnly(op: string, { grads, outputs }: Context): void {
  for (const [i, g] of grads.entries())
    if (i > 0 && g)
      throw new GraphError(
        `${op}: output ${i} has no gradient rule (${describe(outputs[i])}); stop the gradient there`,
      );
}
