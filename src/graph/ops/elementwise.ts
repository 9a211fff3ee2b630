/** Ops of single elements, broadcast against each other. */
import { elementTypes } from "../../onnx/index.js";
import { broadcast, fail, type } from "../shapes.js";
import type { DType, TensorType } from "../value.js";
import {
  anything,
  bools,
  type Dtypes,
  float,
  floats,
  fullFloats,
  type In,
  type Input,
  int,
  int64,
  integers,
  like,
  many,
  numbers,
  op,
  optional,
  own,
  signed,
  wide,
} from "./declare.js";

/** The same dtype and shape as the first input. */
export const same = ([x]: In): readonly TensorType[] => [type(x.dtype, x.shape)];
const broadcasting = (x: In, _: object, name: string) => [type(x[0].dtype, broadcast(name, x))];
const truth = (x: In, _: object, name: string) => [type("bool", broadcast(name, x))];

const unary = (dtypes: Dtypes) => op([like("X", dtypes)], {}, same);
const binary = (dtypes: Dtypes) => op([like("A", dtypes), like("B", dtypes)], {}, broadcasting);
const variadic = (dtypes: Dtypes) => op([many(like("data_0", dtypes))], {}, broadcasting);
const comparison = (dtypes: Dtypes) => op([like("A", dtypes), like("B", dtypes)], {}, truth);
const slope = (alpha: number) => op([like("X", floats)], { alpha: float(alpha) }, same);
const alongAxis = () => op([like("input", floats)], { axis: int(-1) }, same);
const bound = (name: string): Input => optional(like(name, numbers));

const dtypeOf = new Map<number, DType>(Object.entries(elementTypes).map(([name, { code }]) => [code, name as DType]));

export const elementwise = {
  Abs: unary(numbers),
  Ceil: unary(floats),
  Clip: op([like("input", numbers), bound("min"), bound("max")], {}, same),
  Cos: unary(floats),
  Elu: slope(1),
  Erf: unary(floats),
  Exp: unary(floats),
  Floor: unary(floats),
  HardSigmoid: op([like("X", floats)], { alpha: float(0.2), beta: float(0.5) }, same),
  /** `stop` is the builder's own, for graphs only: no gradient flows. Identities are not written to files. */
  Identity: op([like("input", anything)], { stop: int(0) }, same),
  LeakyRelu: slope(0.01),
  Log: unary(floats),
  LogSoftmax: alongAxis(),
  Neg: unary(signed),
  Reciprocal: unary(floats),
  Relu: unary(signed),
  Round: unary(floats),
  Sigmoid: unary(floats),
  Sign: unary(numbers),
  Sin: unary(floats),
  Softmax: alongAxis(),
  Softplus: unary(floats),
  Sqrt: unary(floats),
  Tanh: unary(floats),
  CumSum: op([like("x", wide), own("axis", integers)], { exclusive: int(0), reverse: int(0) }, same),
  Trilu: op([like("input", anything), optional(own("k", int64))], { upper: int(1) }, same),

  Add: binary(numbers),
  Sub: binary(numbers),
  Mul: binary(numbers),
  Div: binary(numbers),
  Max: variadic(numbers),
  Min: variadic(numbers),
  Sum: variadic(floats),
  Mean: variadic(floats),
  Mod: op([like("A", numbers), like("B", numbers)], { fmod: int(0) }, broadcasting),
  PRelu: op([like("X", wide), like("slope", wide)], {}, broadcasting),
  Pow: op([like("X", wide), own("Y", numbers)], {}, broadcasting),
  Where: op([own("condition", bools), like("X", anything), like("Y", anything)], {}, (x, _, name) => [
    type(x[1].dtype, broadcast(name, x)),
  ]),

  Equal: comparison(anything),
  Greater: comparison(numbers),
  GreaterOrEqual: comparison(numbers),
  Less: comparison(numbers),
  LessOrEqual: comparison(numbers),
  And: comparison(bools),
  Or: comparison(bools),
  Xor: comparison(bools),
  Not: unary(bools),
  IsNaN: op([like("X", floats)], {}, truth),
  IsInf: op([like("X", fullFloats)], { detect_negative: int(1), detect_positive: int(1) }, truth),

  Cast: op([like("input", anything)], { to: int.needed }, ([x], { to }, name) => {
    const dtype = dtypeOf.get(to);
    if (!dtype) fail(name, `element type ${to} is not supported`, [x], "wrong-dtype");
    return [type(dtype, x.shape)];
  }),
  Dropout: op(
    [like("data", floats), optional(own("ratio", floats)), optional(own("training_mode", bools))],
    { seed: int() },
    ([x], _, __, outputs) => [type(x.dtype, x.shape), type("bool", x.shape)].slice(0, outputs),
  ),
};
