/**
 * The ops that the builder knows: for each, the dtypes and shapes of its outputs from those of its inputs. Standard ONNX at
 * opset 18 (names, inputs and defaults are ONNX's), and the composites of the `hcsc` domain, which stand for gradients and
 * training-mode layers until a lowering expands them (`expand.ts`: standard ops; `lower/`: vendor kernels).
 */
import {
  axisOf,
  broadcast,
  count,
  factors,
  fail,
  isSize,
  isStatic,
  merged,
  quotient,
  reduced,
  sameDtype,
  type,
  windowed,
} from "./shapes.js";
import { type Attributes, type DType, known, type Shape, type TensorType, type Value } from "./value.js";

type In = readonly Value[];
type Infer = (x: In, attributes: Attributes, op: string, outputs: number) => readonly TensorType[];

/** The same dtype and shape as the first input. */
const same: Infer = ([x]) => [type(x.dtype, x.shape)];
const elementwise: Infer = (x, _, op) => [type(sameDtype(op, x), broadcast(op, x))];
const comparison: Infer = (x, _, op) => {
  sameDtype(op, x);
  return [type("bool", broadcast(op, x))];
};

const int = (a: Attributes, name: string, fallback: number): number => (a[name] as number | undefined) ?? fallback;
const list = (a: Attributes, name: string, fallback: readonly number[]): readonly number[] =>
  (a[name] as readonly number[] | undefined) ?? fallback;

const reduction: Infer = (x, a, op) => {
  const axes = x[1] ? known(x[1]) : int(a, "noop_with_empty_axes", 0) ? [] : null;
  if (x[1] && !axes) fail(op, "axes must be constant", x);
  const all = axes && axes.length === 0 && !int(a, "noop_with_empty_axes", 0) ? null : axes;
  return [type(x[0].dtype, reduced(op, x[0], all, int(a, "keepdims", 1) === 1))];
};

const argReduction: Infer = (x, a, op) => [
  type("int64", reduced(op, x[0], [int(a, "axis", 0)], int(a, "keepdims", 1) === 1)),
];

/** Window attributes with ONNX's defaults. `auto_pad` is resolved when a model is read. */
export function windowOf(a: Attributes, kernel: readonly number[]) {
  const rank = kernel.length;
  return {
    kernel,
    strides: list(a, "strides", Array(rank).fill(1)),
    pads: list(a, "pads", Array(2 * rank).fill(0)),
    dilations: list(a, "dilations", Array(rank).fill(1)),
  };
}

const conv: Infer = (x, a, op) => {
  const [image, w, bias] = x;
  const groups = int(a, "group", 1);
  if (image.shape.length < 3 || w.shape.length !== image.shape.length)
    fail(op, "images and filters must have the same rank, 3 or more", x);
  if (!isStatic(w.shape)) fail(op, "the filters' shape must be known", x);
  const [filters, channels, ...kernel] = w.shape;
  if (image.shape[1] !== channels * groups) {
    fail(op, `the input has ${image.shape[1]} channels, the filters expect ${channels * groups}`, x);
  }
  if (filters % groups !== 0) fail(op, `${filters} filters do not divide into ${groups} groups`, x);
  if (bias && bias.shape[0] !== filters) fail(op, `the bias has ${bias.shape[0]} elements for ${filters} filters`, x);
  const spatial = windowed(op, image.shape.slice(2), windowOf(a, kernel), false, x);
  return [type(sameDtype(op, x), [image.shape[0], filters, ...spatial])];
};

const convTranspose: Infer = (x, a, op) => {
  const [image, w] = x;
  if (!isStatic(w.shape)) fail(op, "the filters' shape must be known", x);
  const [channels, perGroup, ...kernel] = w.shape;
  if (image.shape[1] !== channels)
    fail(op, `the input has ${image.shape[1]} channels, the filters expect ${channels}`, x);
  const { strides, pads, dilations } = windowOf(a, kernel);
  const extra = list(
    a,
    "output_padding",
    kernel.map(() => 0),
  );
  const spatial = image.shape.slice(2).map((d, i) => {
    if (!isSize(d)) return `${op}(${d})`;
    return strides[i] * (d - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1 - pads[i] - pads[i + kernel.length];
  });
  return [type(sameDtype(op, x), [image.shape[0], perGroup * int(a, "group", 1), ...spatial])];
};

const pool: Infer = (x, a, op, outputs) => {
  const kernel = list(a, "kernel_shape", []);
  if (kernel.length !== x[0].shape.length - 2) fail(op, `a kernel of [${kernel}] does not suit the input`, x);
  const spatial = windowed(op, x[0].shape.slice(2), windowOf(a, kernel), int(a, "ceil_mode", 0) === 1, x);
  const shape = [...x[0].shape.slice(0, 2), ...spatial];
  return outputs > 1 ? [type(x[0].dtype, shape), type("int64", shape)] : [type(x[0].dtype, shape)];
};

const globalPool: Infer = ([x]) => [type(x.dtype, [...x.shape.slice(0, 2), ...x.shape.slice(2).map(() => 1)])];

const matMul: Infer = (x, _, op) => {
  const [a, b] = x;
  if (a.shape.length < 1 || b.shape.length < 1) fail(op, "a scalar cannot be multiplied", x);
  const left: Shape = a.shape.length === 1 ? [1, a.shape[0]] : a.shape;
  const right: Shape = b.shape.length === 1 ? [b.shape[0], 1] : b.shape;
  const inner = left[left.length - 1];
  if (inner !== right[right.length - 2])
    fail(op, `the inner dimensions ${inner} and ${right[right.length - 2]} differ`, x);
  const batch = broadcast(op, [
    { ...a, shape: left.slice(0, -2) },
    { ...b, shape: right.slice(0, -2) },
  ]);
  const rows = a.shape.length === 1 ? [] : [left[left.length - 2]];
  const columns = b.shape.length === 1 ? [] : [right[right.length - 1]];
  return [type(sameDtype(op, x), [...batch, ...rows, ...columns])];
};

const gemm: Infer = (x, a, op) => {
  const [m, k] = int(a, "transA", 0) ? [x[0].shape[1], x[0].shape[0]] : x[0].shape;
  const [inner, n] = int(a, "transB", 0) ? [x[1].shape[1], x[1].shape[0]] : x[1].shape;
  if (x[0].shape.length !== 2 || x[1].shape.length !== 2) fail(op, "needs two matrices", x);
  if (k !== inner) fail(op, `the inner dimensions ${k} and ${inner} differ`, x);
  return [type(sameDtype(op, x), [m, n])];
};

const reshape: Infer = (x, a, op) => {
  const [value, target] = x;
  const wanted = known(target);
  if (!wanted) {
    const rank = target.shape[0];
    if (!isSize(rank)) fail(op, "the rank of the result is unknown", x);
    return [
      type(
        value.dtype,
        Array.from({ length: rank }, (_, i) => `?${target.id}.${i}`),
      ),
    ];
  }
  const copied = wanted.map((d, i) => (d === 0 && !int(a, "allowzero", 0) ? value.shape[i] : d));
  const total = count(value.shape);
  const rest = copied.filter((d) => d !== -1);
  const free = copied.indexOf(-1);
  if (free >= 0) copied[free] = freeDimension(value.shape, rest, x) ?? `?${target.id}`;
  const made = count(copied);
  if (total !== null && made !== null && total !== made) fail(op, `${total} elements do not make [${wanted}]`, x);
  return [type(value.dtype, copied)];
};

/** What −1 stands for: a size, a name, a multiple of a name; null where it cannot be told. */
function freeDimension(from: Shape, others: Shape, x: In): number | string | null {
  const left = quotient(factors(from), factors(others));
  if (!left && isStatic(from) && isStatic(others)) fail("Reshape", `[${from}] does not divide into [${others}]`, x);
  return left && merged(left);
}

const slice: Infer = (x, _, op) => {
  const [value, starts, ends, axes, steps] = x;
  const [from, to, step] = [known(starts), known(ends), steps ? known(steps) : null];
  const along = axes ? known(axes) : from?.map((_, i) => i);
  if (!from || !to || !along || (steps && !step)) fail(op, "starts, ends, axes and steps must be constant", x);
  const shape: (number | string)[] = [...value.shape];
  for (const [i, axis] of along.entries()) {
    const at = axisOf(op, axis, shape.length, x);
    const d = shape[at];
    const by = step?.[i] ?? 1;
    if (!isSize(d)) {
      if (!(from[i] === 0 && to[i] > 2 ** 30 && by === 1)) shape[at] = `?${starts.id}.${i}`;
      continue;
    }
    const clamp = (p: number, low: number, high: number) => Math.min(Math.max(p < 0 ? p + d : p, low), high);
    const a = by > 0 ? clamp(from[i], 0, d) : clamp(from[i], 0, d - 1);
    const b = by > 0 ? clamp(to[i], 0, d) : clamp(to[i], -1, d - 1);
    shape[at] = Math.max(0, Math.ceil((b - a) / by));
  }
  return [type(value.dtype, shape)];
};

const concat: Infer = (x, a, op) => {
  const axis = axisOf(op, int(a, "axis", 0), x[0].shape.length, x);
  const first = x[0].shape;
  for (const v of x) {
    if (v.shape.length !== first.length || v.shape.some((d, i) => i !== axis && d !== first[i]))
      fail(op, `shapes differ off axis ${axis}`, x);
  }
  const along = x.map((v) => v.shape[axis]);
  const sum = along.every(isSize) ? along.reduce((p, d) => p + d, 0) : along.join("+");
  return [
    type(
      sameDtype(op, x),
      first.map((d, i) => (i === axis ? sum : d)),
    ),
  ];
};

const split: Infer = (x, a, op, outputs) => {
  const axis = axisOf(op, int(a, "axis", 0), x[0].shape.length, x);
  const d = x[0].shape[axis];
  if (!isSize(d)) fail(op, `axis ${axis} must be known`, x);
  const chunk = Math.ceil(d / outputs);
  const parts = x[1] ? known(x[1]) : Array.from({ length: outputs }, (_, i) => Math.min(chunk, d - i * chunk));
  if (!parts || parts.length !== outputs || parts.reduce((p, n) => p + n, 0) !== d)
    fail(op, `parts [${parts}] do not make ${d}`, x);
  return parts.map((n) =>
    type(
      x[0].dtype,
      x[0].shape.map((e, i) => (i === axis ? n : e)),
    ),
  );
};

const pad: Infer = (x, _, op) => {
  const pads = known(x[1]);
  const rank = x[0].shape.length;
  const axes = x[3] ? known(x[3]) : x[0].shape.map((_, i) => i);
  if (!pads || !axes || pads.length !== 2 * axes.length) fail(op, "pads must be constant, two for each axis", x);
  const shape = [...x[0].shape];
  for (const [i, axis] of axes.entries()) {
    const at = axisOf(op, axis, rank, x);
    const d = shape[at];
    const extra = pads[i] + pads[i + axes.length];
    shape[at] = isSize(d) ? d + extra : extra === 0 ? d : `${d}+${extra}`;
  }
  return [type(x[0].dtype, shape)];
};

const gather: Infer = (x, a, op) => {
  const axis = axisOf(op, int(a, "axis", 0), x[0].shape.length, x);
  return [type(x[0].dtype, [...x[0].shape.slice(0, axis), ...x[1].shape, ...x[0].shape.slice(axis + 1)])];
};

const expand: Infer = (x, _, op) => {
  const target = known(x[1]);
  if (!target) {
    const rank = x[1].shape[0];
    if (!isSize(rank)) fail(op, "the rank of the result is unknown", x);
    return [
      type(
        x[0].dtype,
        Array.from({ length: rank }, (_, i) => `?${x[1].id}.${i}`),
      ),
    ];
  }
  return [type(x[0].dtype, broadcast(op, [x[0], { ...x[1], shape: target }]))];
};

const squeeze: Infer = (x, _, op) => {
  const axes = x[1] ? known(x[1]) : x[0].shape.flatMap((d, i) => (d === 1 ? [i] : []));
  if (!axes) fail(op, "axes must be constant", x);
  const drop = new Set(axes.map((a) => axisOf(op, a, x[0].shape.length, x)));
  if ([...drop].some((a) => x[0].shape[a] !== 1)) fail(op, `axes [${axes}] are not all 1`, x);
  return [
    type(
      x[0].dtype,
      x[0].shape.filter((_, i) => !drop.has(i)),
    ),
  ];
};

const unsqueeze: Infer = (x, _, op) => {
  const axes = known(x[1]);
  if (!axes) fail(op, "axes must be constant", x);
  const rank = x[0].shape.length + axes.length;
  const at = new Set(axes.map((a) => axisOf(op, a, rank, x)));
  const rest = [...x[0].shape];
  return [
    type(
      x[0].dtype,
      Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : rest.shift()!)),
    ),
  ];
};

const transpose: Infer = (x, a, op) => {
  const order = list(a, "perm", x[0].shape.map((_, i) => i).reverse());
  if (order.length !== x[0].shape.length || [...order].sort((p, q) => p - q).some((p, i) => p !== i)) {
    fail(op, `[${order}] is not a permutation of the axes`, x);
  }
  return [
    type(
      x[0].dtype,
      order.map((i) => x[0].shape[i]),
    ),
  ];
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
  Cast: ([x], a) => [type(dtypes[a.to as number], x.shape)],
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
  Flatten: (x, a, op) => {
    const axis = int(a, "axis", 1);
    const part = (s: Shape) => merged(factors(s));
    const at = axis < 0 ? axis + x[0].shape.length : axis;
    if (at < 0 || at > x[0].shape.length) fail(op, `axis ${axis} is outside the rank`, x);
    return [type(x[0].dtype, [part(x[0].shape.slice(0, at)), part(x[0].shape.slice(at))])];
  },
  Tile: (x, _, op) => {
    const repeats = known(x[1]);
    if (!repeats || repeats.length !== x[0].shape.length) fail(op, "repeats must be constant, one for each axis", x);
    return [
      type(
        x[0].dtype,
        x[0].shape.map((d, i) => (isSize(d) ? d * repeats[i] : repeats[i] === 1 ? d : `${d}*${repeats[i]}`)),
      ),
    ];
  },
  Gather: gather,
  GatherElements: (x) => [type(x[0].dtype, x[1].shape)],
  GatherND: (x, a, op) => {
    const width = x[1].shape[x[1].shape.length - 1];
    if (!isSize(width)) fail(op, "the last dimension of the indices must be known", x);
    return [type(x[0].dtype, [...x[1].shape.slice(0, -1), ...x[0].shape.slice(int(a, "batch_dims", 0) + width)])];
  },
  ScatterND: same,
  ScatterElements: same,
  Shape: ([x]) => [type("int64", [x.shape.length])],
  ConstantOfShape: (x, a, op) => {
    const shape = known(x[0]);
    const rank = x[0].shape[0];
    if (!shape && !isSize(rank)) fail(op, "the rank of the result is unknown", x);
    const value = a.value as Value | undefined;
    return [
      type(value?.dtype ?? "float32", shape ?? Array.from({ length: rank as number }, (_, i) => `?${x[0].id}.${i}`)),
    ];
  },
  Range: (x) => [type(x[0].dtype, [`?${x[0].id}`])],
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
} as const satisfies Record<string, Infer>;

export type OpType = keyof typeof ops;

/** Ops that no runtime has: a lowering replaces each. */
export const composites = [
  "ConvGradInput",
  "ConvGradWeight",
  "BatchNormTrain",
  "BatchNormGrad",
  "MaxPoolGrad",
] as const satisfies OpType[];
export type Composite = (typeof composites)[number];
