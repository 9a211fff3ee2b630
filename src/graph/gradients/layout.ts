/** Ops that place elements elsewhere: cotangents go back to where the elements came from, zeros where none was taken. */
import { GraphError, said } from "../../errors.js";
import { apply, concat, gather, pad, reshape, slice, sum, unsqueeze } from "../apply.js";
import { reshapeLike, shapeOf } from "../reshaping.js";
import { count, fromFront, isSize } from "../shapes.js";
import { known, scalar, type Value } from "../value.js";
import { scatterAxis } from "./indexing.js";
import { type Rule, turned, zeros } from "./rule.js";

export const transposeRule: Rule<{ readonly perm: readonly number[] | undefined }> = (
  g,
  { inputs: [x], attributes },
) => {
  const perm = attributes.perm ?? x.shape.map((_, i) => i).reverse();
  const inverse = perm.map((_, i) => perm.indexOf(i));
  return [turned(g, inverse)];
};

/** Widens g axis by axis, those of sizes known only at run time last. */
export const sliceRule: Rule = (g, { inputs: [x, starts, ends, axes, steps] }) => {
  const [from, to] = [known(starts), known(ends)] as number[][];
  const along = (axes ? (known(axes) as number[]) : from.map((_, i) => i)).map((a) => fromFront(a, x.shape.length));
  const by = steps ? (known(steps) as number[]) : from.map(() => 1);
  const order = along.map((_, i) => i).sort((a, b) => Number(isNamed(x, along[a])) - Number(isNamed(x, along[b])));
  const widened = order.reduce((out, i) => unslice(out, x, along[i], from[i], to[i], by[i]), g);
  return [reshapeLike(widened, x)];
};

const isNamed = (x: Value, axis: number): boolean => !isSize(x.shape[axis]);

function unslice(g: Value, x: Value, axis: number, from: number, to: number, step: number): Value {
  const d = x.shape[axis];
  const n = g.shape[axis];
  if (n === d && step === 1) return g;
  if (!isSize(d) || !isSize(n)) return unsliceNamed(g, x, axis, from, to, step);
  if (count(g.shape) === 0) return padAxis(g, axis, 0, d - n);
  const first = Math.min(Math.max(fromFront(from, d), 0), step > 0 ? d : d - 1);
  const lowest = step > 0 ? first : first + (n - 1) * step;
  const ordered = step > 0 ? g : slice(g, axis, n - 1, -(2 ** 31), -1);
  const spread = n > 1 ? spaced(ordered, axis, Math.abs(step)) : ordered;
  const width = spread.shape[axis] as number;
  return padAxis(spread, axis, lowest, d - lowest - width);
}

/** Puts `step − 1` zeros between the entries along `axis`. */
function spaced(g: Value, axis: number, step: number): Value {
  if (step === 1) return g;
  const n = g.shape[axis] as number;
  const wide = padAxis(unsqueeze(g, [axis + 1]), axis + 1, 0, step - 1);
  const after = g.shape.slice(axis + 1);
  if (after.filter((d) => !isSize(d)).length > 1)
    throw new GraphError(
      "no-gradient",
      said`${{ op: "Slice" }}: with a step, its gradient needs known sizes after the axis`,
    );
  const merged = reshape(wide, [
    ...g.shape.slice(0, axis).map(() => 0),
    n * step,
    ...after.map((d) => (isSize(d) ? d : -1)),
  ]);
  return slice(merged, axis, 0, (n - 1) * step + 1);
}

function padAxis(g: Value, axis: number, before: number, after: number): Value {
  const pads = new Array<number>(2 * g.shape.length).fill(0);
  pads[axis] = before;
  pads[axis + g.shape.length] = after;
  return pad(g, pads);
}

/** The same for an axis whose size is known at run time only: adds g at the places that the slice takes. */
function unsliceNamed(g: Value, x: Value, axis: number, from: number, to: number, step: number): Value {
  const size = gather(shapeOf(x), scalar(axis, "int64"));
  const all = apply("Range", [scalar(0, "int64"), size, scalar(1, "int64")]);
  const at = slice(all, 0, from, to, step);
  if (g.shape.some((d, i) => i !== axis && d !== x.shape[i]))
    throw new GraphError(
      "no-gradient",
      said`${{ op: "Slice" }}: its gradient needs known sizes for all but one of the axes; slice one axis at a time`,
    );
  return scatterAxis(g, at, x, axis);
}

interface Along {
  readonly axis: number;
}

export const splitRule: Rule<Along> = (_, { inputs: [x], outputs, attributes: { axis }, grads }) => [
  concat(
    outputs.map((y, i) => grads[i] ?? zeros(y)),
    fromFront(axis, x.shape.length),
  ),
];

export const concatRule: Rule<Along> = (g, { inputs, attributes, needs }) => {
  const axis = fromFront(attributes.axis, inputs[0].shape.length);
  let from = 0;
  return inputs.map((x, i) => {
    const d = x.shape[axis];
    if (!isSize(d))
      throw new GraphError("no-gradient", said`${{ op: "Concat" }}: its gradient needs known sizes along axis ${axis}`);
    from += d;
    return needs(i) ? reshapeLike(slice(g, axis, from - d, from), x) : null;
  });
};

/** Padding by the negative amounts cuts away what was added. */
export const padRule: Rule<{ readonly mode: string }> = (g, { inputs: [x, pads, , axes], attributes }) => {
  if (attributes.mode !== "constant")
    throw new GraphError(
      "no-gradient",
      said`${{ op: "Pad" }}: ${{ attribute: "mode" }} ${attributes.mode} has no gradient rule; pad with a constant`,
    );
  const amounts = known(pads) as number[];
  const along = axes ? (known(axes) as number[]) : x.shape.map((_, i) => i);
  const back = new Array<number>(2 * x.shape.length).fill(0);
  for (const [i, a] of along.entries()) {
    const axis = fromFront(a, x.shape.length);
    back[axis] = -amounts[i];
    back[axis + x.shape.length] = -amounts[i + along.length];
  }
  return [reshapeLike(pad(g, back), x), null, null];
};

/** Sums over the copies: g as [copies, size] for every axis. */
export const tileRule: Rule = (g, { inputs: [x, repeats] }) => {
  const times = known(repeats) as number[];
  const pairs = x.shape.flatMap((d, i) => [times[i], isSize(d) ? d : -1]);
  if (pairs.includes(0)) return [zeros(x), null];
  const copies = times.map((_, i) => 2 * i);
  return [reshapeLike(sum(reshape(g, pairs), copies), x), null];
};

export const cumSumRule: Rule<{ readonly reverse: number }> = (g, { inputs: [, axis], attributes, given }) => [
  apply("CumSum", [g, axis], { ...given, reverse: attributes.reverse ? 0 : 1 }),
  null,
];
