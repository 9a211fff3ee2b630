/**
 * The ops that the builder knows: for each, the dtypes and shapes of its outputs from those of its inputs. Standard ONNX at
 * opset 18 (names, inputs and defaults are ONNX's), and the composites of the `hcsc` domain, which stand for gradients and
 * training-mode layers until a lowering expands them (`expand.ts`: standard ops; `lower/`: vendor kernels).
 */
import { knownDimensions } from "./dimensions.js";
import { type In, type Infer, int, list } from "./ops/infer.js";
import {
  concat,
  expand,
  flatten,
  pad,
  reshape,
  slice,
  split,
  squeeze,
  targetShape,
  tile,
  transpose,
  unsqueeze,
} from "./ops/layout.js";
import { gemm, matMul } from "./ops/products.js";
import { conv, convTranspose, globalPool, pool } from "./ops/windows.js";
import { axisOf, broadcast, fail, isSize, reduced, sameDtype, type } from "./shapes.js";
import { type DType, known, type TensorType, type Value } from "./value.js";

export { windowOf } from "./ops/windows.js";

/** The same dtype and shape as the first input. */
const same: Infer = ([x]) => [type(x.dtype, x.shape)];
const elementwise: Infer = (x, _, op) => [type(sameDtype(op, x), broadcast(op, x))];
const comparison: Infer = (x, _, op) => {
  sameDtype(op, x);
  return [type("bool", broadcast(op, x))];
};

const reduction: Infer = (x, a, op) => {
  const axes = x[1] ? known(x[1]) : int(a, "noop_with_empty_axes", 0) ? [] : null;
  if (x[1] && !axes) fail(op, "axes must be constant", x);
  const all = axes && axes.length === 0 && !int(a, "noop_with_empty_axes", 0) ? null : axes;
  return [type(x[0].dtype, reduced(op, x[0], all, int(a, "keepdims", 1) === 1))];
};

const argReduction: Infer = (x, a, op) => [
  type("int64", reduced(op, x[0], [int(a, "axis", 0)], int(a, "keepdims", 1) === 1)),
];

/** Indices are int64 or int32. */
function integral(op: string, indices: Value, x: In): void {
  if (!indices.dtype.startsWith("int")) fail(op, "the indices must be integers", x);
}

/** Indices into every axis, as many axes as `x`, and no more of them off `axis` than `x` has. */
function elementIndices(op: string, x: In, axis: number): void {
  const [data, at] = x;
  integral(op, at, x);
  const along = axisOf(op, axis, data.shape.length, x);
  const fits = data.shape.every((d, i) => {
    const n = at.shape[i];
    return i === along || !isSize(d) || !isSize(n) || n <= d;
  });
  if (at.shape.length !== data.shape.length || !fits) fail(op, `the indices do not suit the data off axis ${along}`, x);
}

const scatterElements: Infer = (x, a, op) => {
  elementIndices(op, x, int(a, "axis", 0));
  sameDtype(op, [x[0], x[2]]);
  if (String(x[1].shape) !== String(x[2].shape)) fail(op, "indices and updates differ in shape", x);
  return [type(x[0].dtype, x[0].shape)];
};

const scatterND: Infer = (x, _, op) => {
  const [data, at, updates] = x;
  integral(op, at, x);
  sameDtype(op, [data, updates]);
  const width = at.shape[at.shape.length - 1];
  if (!isSize(width)) fail(op, "the last dimension of the indices must be known", x);
  const rank = at.shape.length - 1 + data.shape.length - width;
  if (updates.shape.length !== rank) fail(op, `the updates need a rank of ${rank}`, x);
  return [type(data.dtype, data.shape)];
};

const gather: Infer = (x, a, op) => {
  integral(op, x[1], x);
  const axis = axisOf(op, int(a, "axis", 0), x[0].shape.length, x);
  return [type(x[0].dtype, [...x[0].shape.slice(0, axis), ...x[1].shape, ...x[0].shape.slice(axis + 1)])];
};

const normalization: Infer = ([x, scale], a, op, outputs) => {
  const axis = axisOf(op, int(a, "axis", -1), x.shape.length, [x]);
  if (scale.shape.length > x.shape.length - axis) fail(op, "the scale is larger than the normalised axes", [x, scale]);
  const statistics = type(
    "float32",
    x.shape.map((d, i) => (i < axis ? d : 1)),
  );
  return [type(x.dtype, x.shape), statistics, statistics].slice(0, outputs);
};

const topK: Infer = (x, a, op) => {
  const k = known(x[1]);
  if (!k) fail(op, "k must be constant", x);
  const axis = axisOf(op, int(a, "axis", -1), x[0].shape.length, x);
  const shape = x[0].shape.map((d, i) => (i === axis ? k[0] : d));
  return [type(x[0].dtype, shape), type("int64", shape)];
};

/** Per-channel parameters must match the images' channels. */
function perChannel(op: string, x: In): void {
  for (const p of x.slice(1))
    if (p.shape.length !== 1 || p.shape[0] !== x[0].shape[1])
      fail(op, `needs one element per channel (${x[0].shape[1]})`, x);
}

const dtypes: Record<number, DType> = {
  1: "float32",
  2: "uint8",
  3: "int8",
  6: "int32",
  7: "int64",
  9: "bool",
  10: "float16",
  11: "float64",
};

/** Shape rules by op; `Infer` gets the inputs that are present. */
export const ops = {
  Abs: same,
  Ceil: same,
  Clip: same,
  Cos: same,
  Elu: same,
  Erf: same,
  Exp: same,
  Floor: same,
  HardSigmoid: same,
  Identity: same,
  LeakyRelu: same,
  Log: same,
  LogSoftmax: same,
  Neg: same,
  Reciprocal: same,
  Relu: same,
  Round: same,
  Sigmoid: same,
  Sign: same,
  Sin: same,
  Softmax: same,
  Softplus: same,
  Sqrt: same,
  Tanh: same,
  CumSum: same,
  Trilu: same,
  Add: elementwise,
  Sub: elementwise,
  Mul: elementwise,
  Div: elementwise,
  Max: elementwise,
  Min: elementwise,
  Sum: elementwise,
  Mean: elementwise,
  Mod: elementwise,
  PRelu: elementwise,
  Pow: (x, _, op) => [type(x[0].dtype, broadcast(op, x))],
  Equal: comparison,
  Greater: comparison,
  GreaterOrEqual: comparison,
  Less: comparison,
  LessOrEqual: comparison,
  And: comparison,
  Or: comparison,
  Xor: comparison,
  Not: same,
  IsNaN: ([x]) => [type("bool", x.shape)],
  IsInf: ([x]) => [type("bool", x.shape)],
  Where: (x, _, op) => [type(sameDtype(op, x.slice(1)), broadcast(op, x))],
  Cast: ([x], a, op) => {
    const dtype = dtypes[a.to as number];
    if (!dtype) fail(op, `element type ${a.to} is not supported`, [x]);
    return [type(dtype, x.shape)];
  },
  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceMin: reduction,
  ReduceProd: reduction,
  ReduceLogSumExp: reduction,
  ReduceSumSquare: reduction,
  ReduceL1: reduction,
  ReduceL2: reduction,
  ArgMax: argReduction,
  ArgMin: argReduction,
  TopK: topK,
  MatMul: matMul,
  Gemm: gemm,
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  BatchNormalization: (x, _, op) => {
    perChannel(op, x);
    return [type(x[0].dtype, x[0].shape)];
  },
  LayerNormalization: normalization,
  GroupNormalization: same,
  InstanceNormalization: same,
  Reshape: reshape,
  Transpose: transpose,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Slice: slice,
  Concat: concat,
  Split: split,
  Pad: pad,
  Expand: expand,
  Flatten: flatten,
  Tile: tile,
  Gather: gather,
  GatherElements: (x, a, op) => {
    elementIndices(op, x, int(a, "axis", 0));
    return [type(x[0].dtype, x[1].shape)];
  },
  GatherND: (x, a, op) => {
    const width = x[1].shape[x[1].shape.length - 1];
    if (!isSize(width)) fail(op, "the last dimension of the indices must be known", x);
    return [type(x[0].dtype, [...x[1].shape.slice(0, -1), ...x[0].shape.slice(int(a, "batch_dims", 0) + width)])];
  },
  ScatterND: scatterND,
  ScatterElements: scatterElements,
  Shape: ([x], a) => [type("int64", [x.shape.slice(int(a, "start", 0), int(a, "end", x.shape.length)).length])],
  ConstantOfShape: (x, a, op) => [type((a.value as Value | undefined)?.dtype ?? "float32", targetShape(x[0], op, x))],
  Range: (x) => {
    const [[from], [to], [step]] = x.map((v) => knownDimensions(v) ?? [undefined]);
    if (from === 0 && step === 1 && to !== undefined) return [type(x[0].dtype, [to])];
    const known = isSize(from ?? "") && isSize(to ?? "") && isSize(step ?? "");
    const size = Math.max(0, Math.ceil((Number(to) - Number(from)) / Number(step)));
    return [type(x[0].dtype, [known ? size : `?${x[1].id}`])];
  },
  OneHot: (x, a, op) => {
    const depth = known(x[1]);
    const axis = axisOf(op, int(a, "axis", -1), x[0].shape.length + 1, x);
    return [
      type(x[2].dtype, [...x[0].shape.slice(0, axis), depth ? depth[0] : `?${x[1].id}`, ...x[0].shape.slice(axis)]),
    ];
  },
  Dropout: ([x], _, __, outputs) => [type(x.dtype, x.shape), type("bool", x.shape)].slice(0, outputs) as TensorType[],

  // Composites (domain `hcsc`).
  /** dy [N,O,…], w [O,I/group,k…]; attributes: Conv's and `input`, the spatial sizes of x → dx. */
  ConvGradInput: ([dy, w], a) => [
    type(dy.dtype, [dy.shape[0], (w.shape[1] as number) * int(a, "group", 1), ...list(a, "input", [])]),
  ],
  /** x [N,I,…], dy [N,O,…]; attributes: Conv's and `kernel` → dw [O,I/group,k…]. */
  ConvGradWeight: ([x, dy], a) => [
    type(dy.dtype, [dy.shape[1], (x.shape[1] as number) / int(a, "group", 1), ...list(a, "kernel", [])]),
  ],
  /** x [N,C,…], scale [C], bias [C] → y, batch mean [C], biased batch variance [C]. Attribute `epsilon`. */
  BatchNormTrain: (x, _, op) => {
    perChannel(op, x);
    const statistics = type("float32", [x[0].shape[1]]);
    return [type(x[0].dtype, x[0].shape), statistics, statistics];
  },
  /** dy, x, scale, mean, variance → dx, dscale, dbias. */
  BatchNormGrad: ([dy, x]) => [type(x.dtype, dy.shape), type("float32", [x.shape[1]]), type("float32", [x.shape[1]])],
  /** dy, x, y; attributes of MaxPool → dx. Ties share: every element equal to its window's maximum receives the gradient divided by their number. */
  MaxPoolGrad: ([, x]) => [type(x.dtype, x.shape)],
  /** Tensors of any shapes → the sum of the squares of all their elements, a scalar. */
  SumOfSquares: ([x]) => [type(x.dtype, [])],
} as const satisfies Record<string, Infer>;

export type OpType = keyof typeof ops;

/** Ops that no runtime has: a lowering replaces each. */
export const composites = [
  "ConvGradInput",
  "ConvGradWeight",
  "BatchNormTrain",
  "BatchNormGrad",
  "MaxPoolGrad",
  "SumOfSquares",
] as const satisfies OpType[];
export type Composite = (typeof composites)[number];
