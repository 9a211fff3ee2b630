/** Functions of one element, and arithmetic with broadcasting. */
import * as g from "../../../src/graph/index.js";
import { between, bools, type Case, floats, named, spaced, uniform } from "../gradientError.js";

type Value = g.Value;
const s = [2, 3];
const one = (of: string, f: (x: Value) => Value, ...inputs: Case["inputs"]): Case[] =>
  (inputs.length ? inputs : [uniform(s)]).map((x) => ({ of: `${of} on [${x.shape}]`, f, inputs: [x] }));

const unary: Case[] = [
  ...one("abs", g.abs, uniform(s), uniform([]), uniform([0, 3])),
  ...one("cos", g.cos),
  ...one("sin", g.sin),
  ...one("elu", (x) => g.apply("Elu", [x], { alpha: 0.7 })),
  ...one("erf", g.erf),
  ...one("exp", g.exp, uniform(s), uniform([])),
  ...one("hard sigmoid", (x) => g.apply("HardSigmoid", [x], { alpha: 0.4, beta: 0.5 }), uniform([20], 1.1)),
  ...one("leaky relu", (x) => g.apply("LeakyRelu", [x], { alpha: 0.2 })),
  ...one("log", g.log, between(0.5, 3, s)),
  ...one("negation", g.neg),
  ...one("reciprocal", g.reciprocal, uniform(s, 2).shape.length ? between(0.5, 3, s) : uniform(s)),
  ...one("relu", g.relu, uniform(s), uniform([0]), uniform([3, 1, 2])),
  ...one("sigmoid", g.sigmoid),
  ...one("softplus", g.softplus),
  ...one("sqrt", g.sqrt, between(0.5, 3, s)),
  ...one("tanh", g.tanh),
  ...one("identity", g.identity),
  ...one("x·stopGradient(1) + x", (x) => g.mul(x, g.stopGradient(g.scalar(2)))),
  ...one("clip at both ends", (x) => g.clip(x, -0.95, 0.9), spaced(s)),
  ...one("clip from below", (x) => g.clip(x, 0, null)),
  ...one("clip from above", (x) => g.clip(x, null, 0)),
  ...one("a cast to float64 and back", (x) => g.cast(g.mul(g.cast(x, "float64"), 3), "float32")),
  ...one("a cumulative sum", (x) => g.apply("CumSum", [x, g.scalar(1, "int64")])),
  ...one("a reversed exclusive cumulative sum", (x) =>
    g.apply("CumSum", [x, g.scalar(0, "int64")], { reverse: 1, exclusive: 1 }),
  ),
  ...one("a lower triangle", (x) => g.apply("Trilu", [x], { upper: 0 }), uniform([3, 3])),
  ...one(
    "an upper triangle off the diagonal",
    (x) => g.apply("Trilu", [x, g.scalar(1, "int64")], { upper: 1 }),
    uniform([2, 3, 3]),
  ),
];

/** Pairs of shapes that broadcast, each way. */
const pairs: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [2, 3],
  ],
  [[2, 3], [3]],
  [[3], [2, 3]],
  [
    [2, 1],
    [1, 3],
  ],
  [[2, 3], []],
  [[], [2]],
  [
    [1, 1, 2],
    [3, 1],
  ],
  [
    [0, 3],
    [1, 3],
  ],
];

const binary: Case[] = (
  [
    ["a sum", g.add, uniform, uniform],
    ["a difference", g.sub, uniform, uniform],
    ["a product", g.mul, uniform, uniform],
    ["a quotient", g.div, uniform, (t: readonly number[]) => between(0.6, 2, t)],
    ["a power", g.pow, (t: readonly number[]) => between(0.6, 2, t), (t: readonly number[]) => uniform(t)],
    ["a maximum", g.maximum, spaced, (t: readonly number[]) => shift(spaced(t, 8))],
    ["a minimum", g.minimum, spaced, (t: readonly number[]) => shift(spaced(t, 8))],
    ["a variadic sum", (a: Value, b: Value) => g.apply("Sum", [a, b, a]), uniform, uniform],
    ["a variadic mean", (a: Value, b: Value) => g.apply("Mean", [a, b, b]), uniform, uniform],
  ] as const
).flatMap(([of, f, left, right]) =>
  pairs.map(([a, b]) => ({ of: `${of} of [${a}] and [${b}]`, f: f as Case["f"], inputs: [left(a), right(b)] })),
);

function shift(x: Case["inputs"][number]): Case["inputs"][number] {
  return { ...x, data: x.data.map((v) => v + 0.15) };
}

const others: Case[] = [
  { of: "the square of a negative number", f: (x) => g.pow(x, 2), inputs: [floats([-1.5, -0.5, 0.5])] },
  { of: "a third power at zero", f: (x) => g.pow(x, 3), inputs: [floats([0, 1])] },
  {
    of: "a remainder",
    f: (x, b) => g.apply("Mod", [x, b], { fmod: 1 }),
    inputs: [floats([3.5, -3.5, 0.4, 5.2]), floats([1.3, 1.3, 1, -2])],
  },
  { of: "x·x", f: (x) => g.mul(x, x), inputs: [uniform([3])] },
  {
    of: "a maximum of three",
    f: (a, b, c) => g.apply("Max", [a, b, c]),
    inputs: [spaced([2, 2]), shift(spaced([2], 9)), floats([0.08])],
  },
  { of: "a maximum of one", f: (a) => g.apply("Max", [a]), inputs: [uniform([2])] },
  { of: "a product with a named dimension", f: g.mul, inputs: [named(uniform([2, 3]), ["n", 3]), uniform([3])] },
  { of: "a product of a row and a named column", f: g.mul, inputs: [named(uniform([2, 1]), ["n", 1]), uniform([3])] },
  { of: "prelu", f: (x, a) => g.apply("PRelu", [x, a]), inputs: [uniform([2, 3, 2]), uniform([3, 1])] },
  { of: "where", f: (c, x, y) => g.where(c, x, y), inputs: [bools([1, 0, 0, 1, 1, 0], s), uniform(s), uniform(s)] },
  {
    of: "where with three broadcast inputs",
    f: (c, x, y) => g.where(c, x, y),
    inputs: [bools([1, 0], [2, 1]), uniform([3]), uniform([])],
  },
  {
    of: "where with a broadcast condition and numbers",
    f: (c, x) => g.where(c, x, 7),
    inputs: [bools([1, 0, 1]), uniform(s)],
  },
];

export const elementwise: readonly Case[] = [...unary, ...binary, ...others];
