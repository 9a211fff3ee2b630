/** What a gradient rule is given, and the small parts that many rules share. */
import { GraphError, said } from "../../errors.js";
import { cast, mul, transpose } from "../apply.js";
import { expandLike, reshapeLike } from "../reshaping.js";
import { described, type NodeAttributes, producer, scalar, type Value } from "../value.js";

/** @typeParam A - the attributes that a rule reads */
export interface Context<A = unknown> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  /** With the defaults of the op's declaration. */
  readonly attributes: A;
  /** As the node has them, to make another node of. */
  readonly given: NodeAttributes;
  /** The cotangent of every output; null where none flows. */
  readonly grads: readonly (Value | null)[];
  /** Whether the cotangent of input `i` is wanted. */
  readonly needs: (i: number) => boolean;
}

/**
 * From the cotangent `g` of the first output: as many cotangents as inputs; null where no gradient flows. One may have the shape
 * that its input was broadcast to: `differentiate` sums it.
 */
export type Rule<A = unknown> = (g: Value, context: Context<A>) => readonly (Value | null)[];

/** An op through which the gradient is zero everywhere it exists, and why. */
export const none = (noGradient: string) => ({ noGradient });

/** An op whose gradient exists but is not built, and what to do instead: an error where it is needed. */
export const unsupported = (reason: string) => ({ unsupported: reason });

export type Entry<A = unknown> = Rule<A> | ReturnType<typeof none> | ReturnType<typeof unsupported>;

/** g·y' with y' a function of x and y, for ops of one input. */
export const pointwise =
  <A>(derivative: (x: Value, y: Value, attributes: A) => Value): Rule<A> =>
  (g, { inputs: [x], outputs: [y], attributes }) => [mul(g, derivative(x, y, attributes))];

/** Ops that only give the elements another shape. */
export const reshaping: Rule = (g, { inputs: [x] }) => [reshapeLike(g, x), null];

export const ones = (x: Value): Value => expandLike(scalar(1, x.dtype), x);
export const zeros = (x: Value): Value => expandLike(scalar(0, x.dtype), x);

/** `g` where `condition`, else 0; by a product, which providers run faster than `Where`. */
export const mask = (condition: Value, g: Value): Value => mul(g, cast(condition, g.dtype));

const swapOf = ({ shape }: Value): readonly number[] => {
  const axes = shape.map((_, i) => i);
  return [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
};

/** The axes' order that an op has turned `x` to; null if none has. */
function orderOf(x: Value): readonly number[] | null {
  const made = producer(x);
  return made?.op === "Transpose" && made.domain === "" ? ((made.attributes.perm as readonly number[]) ?? null) : null;
}

/** The transpose; what was turned the other way is as it was. */
export function turned(x: Value, perm: readonly number[]): Value {
  const before = orderOf(x);
  return before && perm.every((p, i) => before[p] === i) ? (producer(x)?.inputs[0] as Value) : transpose(x, perm);
}

/** Whether `x` is another with its last two axes exchanged. */
export const isSwapped = (x: Value): boolean => String(orderOf(x)) === String(swapOf(x));

/** Exchanges the last two axes. */
export const swapLast = (x: Value): Value => turned(x, swapOf(x));

/** Fails where a loss depends on an output for which the op has no rule. */
export function firstOutputOnly(op: string, { grads, outputs }: Pick<Context, "grads" | "outputs">): void {
  for (const [i, g] of grads.entries())
    if (i > 0 && g)
      throw new GraphError(
        "no-gradient",
        said`${{ op }}: output ${i} has no gradient rule (${described(outputs[i])}); stop the gradient there`,
      );
}
