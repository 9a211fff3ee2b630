/** Ops of single elements. */
import type { DType } from "../../src/graph/index.js";
import type { Application, Draw } from "./case.js";
import {
  axis,
  between,
  broadcasting,
  chance,
  distinct,
  fed,
  gaussian,
  integers,
  known,
  numeric,
  ofType,
  oneOf,
  shape,
  steps,
  type Take,
  times,
} from "./take.js";

type Draws = (take: Take) => Application;

/** @param other - dtypes beside float32, now and then */
const unary =
  (draw: Draw = gaussian, other: readonly DType[] = []): Draws =>
  (take) => ({
    inputs: [ofType(shape(take, 0, 5), other.length && chance(take, 4) ? oneOf(take, other) : "float32", draw)],
  });

const withAttributes =
  (draws: Draws, attributes: (take: Take) => Readonly<Record<string, number>>): Draws =>
  (take) => ({ ...draws(take), attributes: attributes(take) });

/** Two inputs that broadcast. */
const binary =
  (left: Draw = gaussian, right: Draw = left): Draws =>
  (take) => {
    const dtype = numeric(take);
    const [a, b] = broadcasting(take, 2);
    return { inputs: [ofType(a, dtype, left), ofType(b, dtype, right)] };
  };

const comparison: Draws = binary(steps(-2, 2, 0.5));
const logical: Draws = (take) => ({ inputs: broadcasting(take, 2).map((s) => fed(s, steps(0, 1), "bool")) });

const variadic =
  (draw: Draw): Draws =>
  (take) => ({ inputs: broadcasting(take, 1 + take(4)).map((s) => fed(s, draw)) });

const wide: Draw = { from: "normal", scale: 3, offset: 0 };

const alongAxis: Draws = (take) => {
  const x = shape(take, 1, 4);
  const scale = oneOf(take, [1, 5, 50]);
  return {
    inputs: [fed(x, { from: "normal", scale, offset: oneOf(take, [0, 0, 100]) })],
    attributes: { axis: axis(take, x.length) },
  };
};

const castable = ["float32", "int32", "int64", "bool", "uint8"] as const;
const codes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;

export const elementwise = {
  Abs: unary(gaussian, integers),
  Ceil: unary(wide),
  Cos: unary(wide),
  Erf: unary(),
  ExactGelu: unary(),
  Exp: unary(wide),
  Floor: unary(wide),
  Identity: unary(gaussian, ["int32", "int64", "bool"]),
  Log: unary(between(0.01, 9)),
  Neg: unary(gaussian, integers),
  Reciprocal: unary(between(0.2, 4)),
  Relu: unary(),
  Round: unary(steps(-4, 4, 0.25)),
  Sigmoid: unary(wide),
  Sign: unary(steps(-2, 2, 0.5), integers),
  Sin: unary(wide),
  Softplus: unary(wide),
  Sqrt: unary(between(0.01, 9)),
  Tanh: unary(wide),
  Elu: withAttributes(unary(), (take) => ({ alpha: oneOf(take, [1, 0.7]) })),
  LeakyRelu: withAttributes(unary(), (take) => ({ alpha: oneOf(take, [0.01, 0.2]) })),
  HardSigmoid: withAttributes(unary(wide), (take) => ({ alpha: oneOf(take, [0.2, 1 / 6]), beta: 0.5 })),
  Clip: (take) => {
    const dtype = chance(take, 5) ? "int32" : "float32";
    const bound = (value: number, out: boolean) => (out ? null : known([value], [], dtype));
    const high = bound(2, chance(take, 3));
    const low = bound(-1, chance(take, 3));
    return { inputs: [ofType(shape(take, 0, 5), dtype, wide), ...(high ? [low, high] : low ? [low] : [])] };
  },
  CumSum: (take) => {
    const x = shape(take, 1, 4);
    return {
      inputs: [fed(x), known([axis(take, x.length)], [])],
      attributes: { exclusive: take(2), reverse: take(2) },
    };
  },
  Trilu: (take) => {
    const x = shape(take, 2, 4);
    return {
      inputs: [fed(x), ...(chance(take, 2) ? [known([take(7) - 3], [])] : [])],
      attributes: { upper: take(2) },
    };
  },
  Softmax: alongAxis,
  LogSoftmax: alongAxis,

  Add: binary(),
  Sub: binary(),
  Mul: binary(),
  Div: (take) => {
    const dtype = chance(take, 5) ? "int32" : "float32";
    const [a, b] = broadcasting(take, 2);
    return { inputs: [ofType(a, dtype), fed(b, dtype === "int32" ? steps(1, 7) : between(0.5, 3), dtype)] };
  },
  Max: (take) => (chance(take, 3) ? variadic(steps(-2, 2, 0.5)) : binary(distinct, gaussian))(take),
  Min: (take) => (chance(take, 3) ? variadic(steps(-2, 2, 0.5)) : binary(distinct, gaussian))(take),
  Sum: variadic(gaussian),
  Mean: variadic(gaussian),
  Mod: (take) => {
    const [a, b] = broadcasting(take, 2);
    if (chance(take, 3)) return { inputs: [fed(a, steps(-20, 20), "int32"), fed(b, steps(1, 7), "int32")] };
    return { inputs: [fed(a, steps(-9.75, 9.75, 0.5)), fed(b, steps(1, 4, 0.5))], attributes: { fmod: 1 } }; // never near a whole quotient
  },
  Pow: (take) => {
    const [a, b] = broadcasting(take, 2);
    if (chance(take, 3)) return { inputs: [fed(a), known([oneOf(take, [2, 3, 1, 0])], [], "float32")] };
    return { inputs: [fed(a, between(0.2, 3)), fed(b)] };
  },
  PRelu: (take) => {
    const x = shape(take, 1, 4);
    const slope = x.slice(take(x.length + 1)).map((d) => (chance(take, 3) ? 1 : d));
    return { inputs: [fed(x), fed(slope)] };
  },
  Equal: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  And: logical,
  Or: logical,
  Xor: logical,
  Not: (take) => ({ inputs: [fed(shape(take, 0, 5), steps(0, 1), "bool")] }),
  IsNaN: (take) => ({ inputs: [fed(shape(take, 0, 4), { from: "special" })] }),
  IsInf: (take) => ({ inputs: [fed(shape(take, 0, 4), { from: "special" })] }),
  Where: (take) => {
    const dtype = numeric(take);
    const [condition, x, y] = broadcasting(take, 3);
    return { inputs: [fed(condition, steps(0, 1), "bool"), ofType(x, dtype), ofType(y, dtype)] };
  },
  Cast: (take) => {
    const [from, to] = times(2, () => oneOf(take, castable));
    const draw =
      from === "bool"
        ? steps(0, 1)
        : to === "uint8" || from === "uint8"
          ? steps(0, 100)
          : steps(-100, 100, from === "float32" ? 0.75 : 1);
    return { inputs: [fed(shape(take, 0, 4), draw, from)], attributes: { to: codes[to] } };
  },
  Dropout: unary(),
} as const satisfies Readonly<Record<string, Draws>>;
