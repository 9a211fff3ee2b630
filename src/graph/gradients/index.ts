/**
 * Gradient rules, one for each op: from the cotangent `g` of the first output y, the cotangents of the inputs. Every op of
 * the table has a rule, or says why no gradient flows. All rules give differentiable ops, but for the composites. Longer
 * rules are in files of their family, with their derivations.
 */
import { GraphError, said } from "../../errors.js";
import {
  add,
  and,
  apply,
  cast,
  cos,
  div,
  equal,
  exp,
  greater,
  less,
  mul,
  neg,
  reciprocal,
  sigmoid,
  sin,
  softmax,
  sub,
  sum,
  where,
} from "../apply.js";
import { spatialAxes } from "../axes.js";
import { scoresAmong } from "../compose.js";
import type { FilledOf, OpType } from "../ops/index.js";
import { expandLike } from "../reshaping.js";
import { ints } from "../value.js";
import { convRule, convTransposeRule } from "./convolution.js";
import {
  clipRule,
  extremum,
  normalDensity,
  normalDistribution,
  powRule,
  preluRule,
  signOf,
  stepOf,
} from "./elementwise.js";
import {
  gatherElementsRule,
  gatherNDRule,
  gatherRule,
  scatterElementsRule,
  scatterNDRule,
  topKRule,
} from "./indexing.js";
import { concatRule, cumSumRule, padRule, sliceRule, splitRule, tileRule, transposeRule } from "./layout.js";
import { batchNormRule, batchNormTrainRule, layerNormRule, unitRowsRule } from "./normalization.js";
import { averagePoolRule, maxPoolRule } from "./pooling.js";
import { gemmRule, matMulRule } from "./products.js";
import { meanCotangent, productCotangent, reduction, shareAmongEqual } from "./reductions.js";
import { type Entry, none, pointwise, reshaping, unsupported } from "./rule.js";

const boolean = none("its output is boolean");
const constantPieces = none("it is piecewise constant");
const indices = none("its output is an index");
const second = unsupported("second derivatives of convolution, pooling and batch normalisation are not built");
const composed = unsupported("compose it from smaller ops (groupNorm, instanceNorm of hcsc/graph), as readModel does");

export const gradients: { readonly [K in OpType]: Entry<FilledOf<K>> } = {
  Abs: pointwise((x) => signOf(x)),
  Cos: pointwise((x) => neg(sin(x))),
  Elu: pointwise((x, y, a) => where(greater(x, 0), 1, add(y, a.alpha))), // d α(eˣ − 1) = (y + α) dx
  Erf: pointwise((x) => mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x))))),
  ExactGelu: pointwise((x) => add(normalDistribution(x), mul(x, normalDensity(x)))),
  Exp: pointwise((_, y) => y),
  HardSigmoid: pointwise((_, y, a) => mul(a.alpha, cast(and(greater(y, 0), less(y, 1)), y.dtype))),
  Identity: (g) => [g],
  LeakyRelu: pointwise((x, _, a) => where(greater(x, 0), 1, a.alpha)),
  Log: pointwise((x) => reciprocal(x)),
  Neg: (g) => [neg(g)],
  Reciprocal: pointwise((_, y) => neg(mul(y, y))),
  Relu: pointwise((_, y) => stepOf(y)), // 0 at 0
  Sigmoid: pointwise((_, y) => mul(y, sub(1, y))),
  Sin: pointwise((x) => cos(x)),
  Softplus: pointwise((x) => sigmoid(x)),
  Sqrt: pointwise((_, y) => div(0.5, y)),
  Tanh: pointwise((_, y) => sub(1, mul(y, y))),
  Ceil: constantPieces,
  Floor: constantPieces,
  Round: constantPieces,
  Sign: constantPieces,
  Clip: clipRule,
  CumSum: cumSumRule,
  Trilu: (g, { inputs: [, k], given }) => [apply("Trilu", k ? [g, k] : [g], given), null],

  Add: (g) => [g, g],
  Sub: (g, { needs }) => [g, needs(1) ? neg(g) : null],
  Mul: (g, { inputs: [a, b], needs }) => [needs(0) ? mul(g, b) : null, needs(1) ? mul(g, a) : null],
  // d a/b = (da − a/b db)/b
  Div: (g, { inputs: [, b], outputs: [y], needs }) => [
    needs(0) ? div(g, b) : null,
    needs(1) ? neg(div(mul(g, y), b)) : null,
  ],
  Pow: powRule,
  Max: extremum,
  Min: extremum,
  Sum: (g, { inputs }) => inputs.map(() => g),
  Mean: (g, { inputs }) => inputs.map(() => div(g, inputs.length)),
  // a mod b = a − q·b with a whole q
  Mod: (g, { inputs: [a, b], outputs: [y], needs }) => [g, needs(1) ? neg(mul(g, div(sub(a, y), b))) : null],
  PRelu: preluRule,
  Equal: boolean,
  Greater: boolean,
  GreaterOrEqual: boolean,
  Less: boolean,
  LessOrEqual: boolean,
  And: boolean,
  Or: boolean,
  Xor: boolean,
  Not: boolean,
  IsNaN: boolean,
  IsInf: boolean,
  Where: (g, { inputs: [condition], needs }) => [
    null,
    needs(1) ? where(condition, g, 0) : null,
    needs(2) ? where(condition, 0, g) : null,
  ],
  Cast: (g, { inputs: [x] }) => [cast(g, x.dtype)],

  ReduceSum: reduction((g, x) => expandLike(g, x)),
  ReduceMean: reduction((g, x, _, axes) => meanCotangent(g, x, axes)),
  ReduceMax: reduction(shareAmongEqual),
  ReduceMin: reduction(shareAmongEqual),
  ReduceProd: reduction((g, x, _, axes) =>
    productCotangent(g, x, axes, (v) => apply("ReduceProd", [v, ints(axes)], { keepdims: 1 })),
  ),
  ReduceLogSumExp: reduction((g, x, y) => mul(g, exp(sub(x, y)))),
  ReduceSumSquare: reduction((g, x) => mul(g, mul(2, x))),
  ReduceL1: reduction((g, x) => mul(g, signOf(x))),
  ReduceL2: reduction((g, x, y) => mul(div(g, where(equal(y, 0), 1, y)), x)), // x/‖x‖, 0 at 0
  ArgMax: indices,
  ArgMin: indices,
  TopK: topKRule,
  // y ⊙ (g − ⟨g, y⟩)
  Softmax: (g, { outputs: [y], attributes }) => [mul(y, sub(g, sum(mul(g, y), [attributes.axis], true)))],
  LogSoftmax: (g, { inputs: [x], attributes: { axis } }) => [sub(g, mul(softmax(x, axis), sum(g, [axis], true)))],

  MatMul: matMulRule,
  Gemm: gemmRule,
  Conv: convRule,
  ConvTranspose: convTransposeRule,
  MaxPool: maxPoolRule,
  AveragePool: averagePoolRule,
  GlobalAveragePool: (g, { inputs: [x] }) => [meanCotangent(g, x, spatialAxes(x))],
  GlobalMaxPool: (g, { inputs: [x], outputs: [y] }) => [shareAmongEqual(g, x, y, spatialAxes(x))],
  BatchNormalization: batchNormRule,
  LayerNormalization: layerNormRule,
  GroupNormalization: composed,
  InstanceNormalization: composed,

  Reshape: reshaping,
  Flatten: reshaping,
  Squeeze: reshaping,
  Unsqueeze: reshaping,
  Transpose: transposeRule,
  Slice: sliceRule,
  Concat: concatRule,
  Split: splitRule,
  Pad: padRule,
  Expand: (g) => [g, null],
  Tile: tileRule,
  Gather: gatherRule,
  GatherElements: gatherElementsRule,
  GatherND: gatherNDRule,
  ScatterND: scatterNDRule,
  ScatterElements: scatterElementsRule,
  Shape: indices,
  ConstantOfShape: indices,
  Range: none("it counts"),
  OneHot: none("its indices are integers"),
  Dropout: (g, { inputs, outputs }) => {
    if (outputs.length > 1 || inputs[2])
      throw new GraphError(
        "no-gradient",
        said`${{ op: "Dropout" }}: differentiate it in inference form, or multiply by a mask that is an input`,
      );
    return [g];
  },

  ConvGradInput: second,
  ConvGradWeight: second,
  BatchNormTrain: batchNormTrainRule,
  BatchNormGrad: second,
  UnitRows: unitRowsRule,
  // g·(softmax − 1 at what is picked)
  CrossEntropyAmong: (g, { inputs: [x, among, picked] }) => [
    sub(mul(softmax(scoresAmong(x, among)), g), where(picked, g, 0)),
    null,
    null,
  ],
  MaxPoolGrad: second,
  SumOfSquares: unsupported("compose it from mul and sum"),
};
