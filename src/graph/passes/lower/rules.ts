/** The rule of each op that has a blocked form; the others read and give plain memory. */
import { batchNormGrad, batchNormTrain } from "./batchNorm.js";
import { conv } from "./convolution.js";
import { add, elementwise, relu, reshaped, squares, total } from "./elementwise.js";
import type { Rule } from "./forms.js";
import { convGradInput } from "./inputGradient.js";
import { blockedMaxPool, blockedMaxPoolGrad, globalAverage, spread } from "./pooling.js";
import { convGradWeight } from "./weightGradient.js";

export const rules: Readonly<Record<string, Rule>> = {
  Conv: conv,
  ConvGradInput: convGradInput,
  ConvGradWeight: convGradWeight,
  BatchNormTrain: batchNormTrain,
  BatchNormGrad: batchNormGrad,
  MaxPool: blockedMaxPool,
  MaxPoolGrad: blockedMaxPoolGrad,
  GlobalAveragePool: globalAverage,
  Expand: spread,
  Add: add,
  Relu: relu,
  Reshape: reshaped,
  ReduceSum: total,
  SumOfSquares: squares,
  Clip: elementwise,
  Div: elementwise,
  HardSigmoid: elementwise,
  Identity: elementwise,
  LeakyRelu: elementwise,
  Max: elementwise,
  Min: elementwise,
  Mul: elementwise,
  Neg: elementwise,
  Sigmoid: elementwise,
  Sqrt: elementwise,
  Sub: elementwise,
  Sum: elementwise,
  Tanh: elementwise,
};
