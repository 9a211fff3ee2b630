/** Ops that take many elements to few. */
import { axisOf, fail, reduced, type } from "../shapes.js";
import { known, type TensorType } from "../value.js";
import { type Dtypes, type In, int, int64, like, numbers, op, optional, own, wide } from "./declare.js";

const reduction = (dtypes: Dtypes) =>
  op(
    [like("data", dtypes), optional(own("axes", int64))],
    { keepdims: int(1), noop_with_empty_axes: int(0) },
    (x, { keepdims, noop_with_empty_axes: noop }, name) => {
      const axes = x[1] ? known(x[1]) : noop ? [] : null;
      if (x[1] && !axes) fail(name, "axes must be constant", x, "not-constant");
      const all = axes && axes.length === 0 && !noop ? null : axes;
      return [type(x[0].dtype, reduced(name, x[0], all, keepdims === 1))];
    },
  );

const position = () =>
  op(
    [like("data", numbers)],
    { axis: int(0), keepdims: int(1), select_last_index: int(0) },
    (x, { axis, keepdims }, name) => [type("int64", reduced(name, x[0], [axis], keepdims === 1))],
  );

function topK(x: In, { axis }: { readonly axis: number }, name: string): readonly TensorType[] {
  const k = known(x[1]);
  if (!k) fail(name, "k must be constant", x, "not-constant");
  const along = axisOf(name, axis, x[0].shape.length, x);
  const shape = x[0].shape.map((d, i) => (i === along ? k[0] : d));
  return [type(x[0].dtype, shape), type("int64", shape)];
}

export const reductions = {
  ReduceSum: reduction(wide),
  ReduceMean: reduction(wide),
  ReduceMax: reduction(numbers),
  ReduceMin: reduction(numbers),
  ReduceProd: reduction(wide),
  ReduceLogSumExp: reduction(wide),
  ReduceSumSquare: reduction(wide),
  ReduceL1: reduction(wide),
  ReduceL2: reduction(wide),
  ArgMax: position(),
  ArgMin: position(),
  TopK: op([like("X", numbers), own("K", int64)], { axis: int(-1), largest: int(1), sorted: int(1) }, topK),
};
