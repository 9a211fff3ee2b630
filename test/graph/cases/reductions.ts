/** Reductions, softmax and the like. */
import * as g from "../../../src/graph/index.js";
import { between, type Case, floats, named, type Sample, spaced, uniform } from "../gradientError.js";

type Value = g.Value;
type Reduce = (x: Value, axes?: readonly number[] | null, keepDims?: boolean) => Value;
const plain =
  (op: g.OpType): Reduce =>
  (x, axes = null, keepDims = false) =>
    g.apply(op, axes ? [x, g.ints(axes)] : [x], { keepdims: keepDims ? 1 : 0 });

const forms: readonly (readonly [readonly number[], readonly number[] | null, boolean])[] = [
  [[2, 3, 2], null, false],
  [[2, 3, 2], [1], false],
  [[2, 3, 2], [-1, 0], true],
  [[2, 3, 2], [2, 0], false],
  [[1, 4], [0], false],
  [[4, 1], [1], true],
];

const reductions = (
  [
    ["a sum", g.sum, uniform],
    ["a mean", g.mean, uniform],
    ["a maximum", g.max, spaced],
    ["a minimum", g.min, spaced],
    ["a product", plain("ReduceProd"), (t: readonly number[]) => between(0.6, 1.6, t)],
    ["a log-sum-exp", g.logSumExp, uniform],
    ["a sum of squares", plain("ReduceSumSquare"), uniform],
    ["a sum of absolutes", plain("ReduceL1"), uniform],
    ["a norm", plain("ReduceL2"), uniform],
  ] as const
).flatMap(([of, f, draw]) =>
  forms.map(([shape, axes, keep]) => ({
    of: `${of} of [${shape}] over ${axes ? `[${axes}]` : "all axes"}${keep ? ", kept" : ""}`,
    f: (x: Value) => (f as Reduce)(x, axes, keep),
    inputs: [(draw as (t: readonly number[]) => Sample)(shape)],
  })),
);

const along = (of: string, f: (x: Value, axis: number) => Value): Case[] =>
  (
    [
      [[3, 4], -1],
      [[2, 3, 2], 1],
      [[3, 1], -1],
      [[5], 0],
    ] as const
  ).map(([shape, axis]) => ({
    of: `${of} of [${shape}] along ${axis}`,
    f: (x) => f(x, axis),
    inputs: [uniform(shape)],
  }));

export const reducing: readonly Case[] = [
  ...reductions,
  { of: "a sum of nothing", f: (x) => g.sum(x, [0]), inputs: [uniform([0, 2])] },
  { of: "a sum over no axes", f: (x) => g.sum(x, []), inputs: [uniform([2])] },
  { of: "a mean over a named axis", f: (x) => g.mean(x, [0, 2]), inputs: [named(uniform([3, 2, 2]), ["n", 2, 2])] },
  { of: "a log-sum-exp of large numbers", f: (x) => g.logSumExp(x), inputs: [floats([80, 79.5, 81])] },
  {
    of: "a log-sum-exp of numbers whose exponentials overflow",
    f: (x) => g.logSumExp(x),
    inputs: [floats([200, 199.5, 201])],
  },
  ...along("softmax", g.softmax),
  ...along("log-softmax", g.logSoftmax),
  { of: "log-softmax of distant logits", f: (x) => g.logSoftmax(x), inputs: [floats([30, -20, 29], [1, 3])] },
  {
    of: "the largest two",
    f: (x) => g.applyAll("TopK", [x, g.ints([2])], { axis: -1 }, 2)[0],
    inputs: [spaced([3, 4])],
  },
  {
    of: "the smallest two along the first axis",
    f: (x) => g.applyAll("TopK", [x, g.ints([2])], { axis: 0, largest: 0 }, 2)[0],
    inputs: [spaced([4, 2])],
  },
];
