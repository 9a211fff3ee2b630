/** Reductions, and what picks the largest along an axis. */
import type { Application, Draw } from "./case.js";
import {
  axes,
  axis,
  between,
  chance,
  distinct,
  fed,
  gaussian,
  known,
  offset,
  ofType,
  oneOf,
  shape,
  steps,
  type Take,
  times,
} from "./take.js";

type Draws = (take: Take) => Application;

const reduction =
  (draw: (take: Take) => Draw, integral = false): Draws =>
  (take) => {
    const dtype = integral && chance(take, 5) ? oneOf(take, ["int32", "int64"] as const) : "float32";
    const x = ofType(shape(take, 0, 5), dtype, draw(take));
    const keepdims = take(2);
    if (chance(take, 4)) return { inputs: [x], attributes: { keepdims } };
    const taken = axes(take, x.shape.length);
    const attributes = { keepdims, ...(taken.length === 0 ? { noop_with_empty_axes: take(2) } : {}) };
    return { inputs: [x, known(taken)], attributes };
  };

const arg: Draws = (take) => {
  const x = shape(take, 1, 4);
  const along = axis(take, x.length);
  if (x.at(along) === 0) x.splice(along, 1, 1); // of nothing, none is largest
  return {
    inputs: [fed(x, chance(take, 3) ? steps(-2, 2) : distinct)],
    attributes: { axis: along, keepdims: take(2), ...(chance(take, 4) ? { select_last_index: 1 } : {}) },
  };
};

const plain = () => gaussian;
/** With a mean that a sum keeps: of numbers that cancel, rounding would be all that is compared. */
const uneven = () => between(-0.5, 1.5);

export const reductions = {
  /** A composite of as many tensors as there are. */
  SumOfSquares: (take) => ({ inputs: times(1 + take(4), () => fed(shape(take, 0, 4))), withoutRule: true }),
  ReduceSum: reduction(uneven, true),
  ReduceMean: reduction(uneven),
  ReduceMax: reduction((take) => oneOf(take, [distinct, steps(-2, 2)]), true),
  ReduceMin: reduction((take) => oneOf(take, [distinct, steps(-2, 2)]), true),
  ReduceProd: reduction(() => between(0.9, 1.1)),
  ReduceLogSumExp: reduction((take) => ({
    from: "normal",
    scale: oneOf(take, [1, 20]),
    offset: oneOf(take, [0, 100, -300, 1000]),
  })),
  ReduceSumSquare: reduction(plain),
  ReduceL1: reduction(plain),
  ReduceL2: reduction((take) => oneOf(take, [gaussian, offset(take, 12)])),
  ArgMax: arg,
  ArgMin: arg,
  TopK: (take) => {
    const x = shape(take, 1, 4);
    const along = axis(take, x.length);
    const n = x.at(along) as number;
    const k = Math.min(n, 1 + take(Math.max(1, n)));
    return {
      inputs: [fed(x, distinct), known([k])],
      attributes: { axis: along, largest: take(2) },
      outputs: 2,
    };
  },
} as const satisfies Readonly<Record<string, Draws>>;
