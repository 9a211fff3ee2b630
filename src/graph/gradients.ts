/**
 * Gradient rules, one for each op: from the cotangent `g` of the first output y, the cotangents of the inputs. Every op of
 * the table has a rule, or says why no gradient flows. All rules give differentiable ops, but for the composites.
 */

import { GraphError } from "../errors.js";
import {
  add,
  and,
  apply,
  applyAll,
  cast,
  concat,
  conv,
  cos,
  div,
  equal,
  erf,
  exp,
  expand,
  expandLike,
  gather,
  gatherElements,
  gemm,
  greater,
  greaterOrEqual,
  less,
  lessOrEqual,
  log,
  matMul,
  mean,
  mul,
  neg,
  pad,
  pow,
  reciprocal,
  reshape,
  reshapeLike,
  sameShape,
  scatterND,
  shapeOf,
  sigmoid,
  sign,
  sin,
  slice,
  softmax,
  sqrt,
  sub,
  sum,
  transpose,
  unsqueeze,
  where,
} from "./apply.js";
import { type OpType, windowOf } from "./ops.js";
import { count, isSize, isStatic, sizes } from "./shapes.js";
import { type Attribute, type Attributes, constant, ints, known, scalar, type Value } from "./value.js";

interface Context {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** The cotangent of every output; null where none flows. */
  readonly grads: readonly (Value | null)[];
  /** Whether the cotangent of input `i` is wanted. */
  readonly needs: (i: number) => boolean;
}

/** As many cotangents as inputs; null where no gradient flows. */
type Rule = (g: Value, context: Context) => readonly (Value | null)[];

/** y' as a function of x and y, for ops of one input. */
const pointwise =
  (derivative: (x: Value, y: Value, attributes: Attributes) => Value): Rule =>
  (g, { inputs: [x], outputs: [y], attributes }) => [mul(g, derivative(x, y, attributes))];

/** Ops that only give the elements another shape. */
const reshaping: Rule = (g, { inputs: [x] }) => [reshapeLike(g, x), null];

const none = (noGradient: string) => ({ noGradient });
const boolean = none("its output is boolean");
const constantPieces = none("it is piecewise constant");
const indices = none("its output is an index");

function attribute(a: Attributes, name: string, fallback: number): number;
function attribute(a: Attributes, name: string, fallback: string): string;
function attribute(a: Attributes, name: string, fallback: readonly number[]): readonly number[];
function attribute(a: Attributes, name: string, fallback: Attribute): Attribute {
  return a[name] ?? fallback;
}
const ones = (x: Value): Value => expandLike(scalar(1, x.dtype), x);
const zeros = (x: Value): Value => expandLike(scalar(0, x.dtype), x);
const mask = (condition: Value, g: Value): Value => mul(g, cast(condition, g.dtype));
const axisOf = (axis: number, x: Value): number => (axis < 0 ? axis + x.shape.length : axis);

/** Sums `g` over the axes along which `x` was broadcast. */
export function unbroadcast(g: Value, x: Value): Value {
  if (sameShape(g.shape, x.shape)) return g;
  const lead = g.shape.length - x.shape.length;
  const axes = g.shape.flatMap((d, i) => (i < lead || (x.shape[i - lead] === 1 && d !== 1) ? [i] : []));
  return reshapeLike(axes.length ? sum(g, axes, true) : g, x);
}

function swapLast(x: Value): Value {
  const axes = x.shape.map((_, i) => i);
  return transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** y = max or min over several inputs: ties share the cotangent equally. */
const extremum: Rule = (g, { inputs, outputs: [y] }) => {
  const hits = inputs.map((x) => cast(equal(x, y), g.dtype));
  const share = div(
    g,
    hits.reduce((a, b) => add(a, b)),
  );
  return inputs.map((x, i) => unbroadcast(mul(share, hits[i]), x));
};

/** Axes of a reduction, and g with them put back as 1. */
function reductionOf(
  g: Value,
  { inputs: [x, given], attributes }: Context,
): { axes: readonly number[]; restored: Value } {
  const listed = given ? (known(given) as number[]) : [];
  const axes = (listed.length || attributes.noop_with_empty_axes ? listed : x.shape.map((_, i) => i)).map((a) =>
    axisOf(a, x),
  );
  const restored = attribute(attributes, "keepdims", 1)
    ? g
    : unsqueeze(
        g,
        [...axes].sort((a, b) => a - b),
      );
  return { axes, restored };
}

const reduction =
  (rule: (g: Value, x: Value, y: Value, axes: readonly number[]) => Value): Rule =>
  (g, context) => {
    const { axes, restored } = reductionOf(g, context);
    const y = reductionOf(context.outputs[0], context).restored;
    return [rule(restored, context.inputs[0], y, axes), null];
  };

/** y = the largest or smallest along axes: ties share the cotangent equally. */
const reduceExtremum = reduction((g, x, y, axes) => {
  const hit = cast(equal(x, y), g.dtype);
  return mul(div(g, sum(hit, axes, true)), hit);
});

/** How many elements a mean over `axes` takes, as a value. */
function population(x: Value, axes: readonly number[]): Value | number {
  return count(axes.map((a) => x.shape[a])) ?? sum(ones(x), axes, true);
}

/** Adds `g`, taken from `x` along `axis` at `at`, back at its place in zeros of x's shape. */
function scatterAxis(g: Value, at: Value, x: Value, axis: number): Value {
  const width = at.shape.length;
  const axes = g.shape.map((_, i) => i);
  const front = [...axes.slice(axis, axis + width), ...axes.slice(0, axis), ...axes.slice(axis + width)];
  const moved = x.shape.map((_, i) => (i === 0 ? axis : i <= axis ? i - 1 : i));
  const back = x.shape.map((_, i) => moved.indexOf(i));
  const into = expandLike(scalar(0, g.dtype), transpose(x, moved));
  return transpose(scatterND(into, unsqueeze(at, [width]), transpose(g, front), "add"), back);
}

const matMulRule: Rule = (g, { inputs: [a, b], needs }) => {
  const left = a.shape.length === 1 ? unsqueeze(a, [0]) : a;
  const right = b.shape.length === 1 ? unsqueeze(b, [1]) : b;
  let out = g;
  if (b.shape.length === 1) out = unsqueeze(out, [out.shape.length]);
  if (a.shape.length === 1) out = unsqueeze(out, [out.shape.length - 1]);
  return [
    needs(0) ? reshapeLike(unbroadcast(matMul(out, swapLast(right)), left), a) : null,
    needs(1) ? reshapeLike(rightCotangent(left, right, out), b) : null,
  ];
};

/** aᵀ·g: as one product over all leading axes if b is a matrix, and without moving `a` if g is a column. */
function rightCotangent(a: Value, b: Value, g: Value): Value {
  if (b.shape.length === 2 && a.shape.length > 2 && isSize(b.shape[0]) && isSize(b.shape[1])) {
    return gemm(reshape(a, [-1, b.shape[0]]), reshape(g, [-1, b.shape[1]]), null, { transA: true });
  }
  const column = g.shape[g.shape.length - 1] === 1 && isStatic(g.shape) && isStatic(a.shape);
  if (!column) return unbroadcast(matMul(swapLast(a), g), b);
  const row = matMul(reshape(g, [...g.shape.slice(0, -2), 1, g.shape[g.shape.length - 2]] as number[]), a);
  return unbroadcast(reshape(row, [...row.shape.slice(0, -2), row.shape[row.shape.length - 1], 1] as number[]), b);
}

/** y = α·A'·B' + β·C with A' = A or Aᵀ, B' = B or Bᵀ. */
const gemmRule: Rule = (g, { inputs: [a, b, c], attributes, needs }) => {
  const [transA, transB] = [attribute(attributes, "transA", 0) === 1, attribute(attributes, "transB", 0) === 1];
  const alpha = attribute(attributes, "alpha", 1);
  const beta = attribute(attributes, "beta", 1);
  const scaled = alpha === 1 ? g : mul(g, alpha);
  return [
    needs(0)
      ? transA
        ? gemm(b, scaled, null, { transA: transB, transB: true })
        : gemm(scaled, b, null, { transB: !transB })
      : null,
    needs(1)
      ? transB
        ? gemm(scaled, a, null, { transA: true, transB: transA })
        : gemm(a, scaled, null, { transA: !transA })
      : null,
    c && needs(2) ? unbroadcast(beta === 1 ? g : mul(g, beta), c) : null,
  ];
};

const windowAttributes = (a: Attributes): Attributes =>
  Object.fromEntries(Object.entries(a).filter(([k]) => ["strides", "pads", "dilations", "group"].includes(k)));

const spatial = (x: Value): readonly number[] => sizes("convolution gradient", { ...x, shape: x.shape.slice(2) });

const convRule: Rule = (g, { inputs: [x, w, bias], attributes, needs }) => [
  needs(0) ? apply("ConvGradInput", [g, w], { ...windowAttributes(attributes), input: spatial(x) }) : null,
  needs(1) ? apply("ConvGradWeight", [x, g], { ...windowAttributes(attributes), kernel: spatial(w) }) : null,
  bias && needs(2)
    ? sum(
        g,
        g.shape.flatMap((_, i) => (i === 1 ? [] : [i])),
      )
    : null,
];

const convTransposeRule: Rule = (g, { inputs: [x, w, bias], attributes, needs }) => [
  needs(0) ? conv(g, w, windowAttributes(attributes)) : null,
  needs(1) ? apply("ConvGradWeight", [g, x], { ...windowAttributes(attributes), kernel: spatial(w) }) : null,
  bias && needs(2)
    ? sum(
        g,
        g.shape.flatMap((_, i) => (i === 1 ? [] : [i])),
      )
    : null,
];

/** Each window's mean spreads its cotangent evenly: a convolution's input gradient with a kernel of ones, channel by channel. */
const averagePoolRule: Rule = (g, { inputs: [x], attributes }) => {
  const kernel = attribute(attributes, "kernel_shape", []);
  const window = windowOf(attributes, kernel);
  const out = spatial(g);
  const divisors = windowCounts(spatial(x), out, window, attribute(attributes, "count_include_pad", 0) === 1);
  const shared = div(g, constant(divisors, [1, 1, ...out]));
  const flat = reshape(shared, [-1, 1, ...out]);
  const filter = constant(Array(kernel.reduce((p, d) => p * d, 1)).fill(1), [1, 1, ...kernel]);
  const { strides, pads, dilations } = window;
  return [reshapeLike(apply("ConvGradInput", [flat, filter], { strides, pads, dilations, input: spatial(x) }), x)];
};

/** How many elements each window averages. */
function windowCounts(
  input: readonly number[],
  out: readonly number[],
  w: ReturnType<typeof windowOf>,
  padded: boolean,
): number[] {
  const along = out.map((size, axis) =>
    Array.from({ length: size }, (_, i) => {
      const taps = Array.from(
        { length: w.kernel[axis] },
        (_, t) => i * w.strides[axis] - w.pads[axis] + t * w.dilations[axis],
      );
      const end = input[axis] + (padded ? w.pads[axis + out.length] : 0);
      return taps.filter((p) => p >= (padded ? -w.pads[axis] : 0) && p < end).length;
    }),
  );
  return along.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
}

const sliceRule: Rule = (g, { inputs: [x, starts, ends, axes, steps] }) => {
  const from = known(starts) as number[];
  const along = (axes ? (known(axes) as number[]) : from.map((_, i) => i)).map((a) => axisOf(a, x));
  const by = steps ? (known(steps) as number[]) : from.map(() => 1);
  const bounds = known(ends) as number[];
  let out = g;
  for (const [i, axis] of along.entries()) {
    const d = x.shape[axis];
    if (!isSize(d)) continue;
    const clamp = (p: number, low: number, high: number) => Math.min(Math.max(p < 0 ? p + d : p, low), high);
    const first = by[i] > 0 ? clamp(from[i], 0, d) : clamp(from[i], 0, d - 1);
    const size = out.shape[axis] as number;
    if (by[i] === 1) {
      const pads = x.shape.map(() => 0);
      const after = [...pads];
      pads[axis] = first;
      after[axis] = d - first - size;
      out = pad(out, [...pads, ...after]);
    } else if (bounds.length) {
      const at = ints(Array.from({ length: size }, (_, n) => first + n * by[i]));
      const shape = out.shape.map((e, n) => (n === axis ? d : e));
      out = scatterAxis(out, at, { ...x, shape, source: { kind: "input" } }, axis);
    }
  }
  return [out];
};

const splitRule: Rule = (_, { inputs: [x], outputs, attributes, grads }) => [
  concat(
    outputs.map((y, i) => grads[i] ?? zeros(y)),
    axisOf(attribute(attributes, "axis", 0), x),
  ),
];

const concatRule: Rule = (g, { inputs, attributes, needs }) => {
  const axis = axisOf(attribute(attributes, "axis", 0), inputs[0]);
  let from = 0;
  return inputs.map((x, i) => {
    const d = x.shape[axis];
    if (!isSize(d)) throw new GraphError(`Concat: its gradient needs known sizes along axis ${axis}`);
    from += d;
    return needs(i) ? slice(g, axis, from - d, from) : null;
  });
};

const padRule: Rule = (g, { inputs: [x, pads, , axes], attributes }) => {
  if (attribute(attributes, "mode", "constant") !== "constant")
    throw new GraphError(`Pad: mode ${attributes.mode} has no gradient rule; pad with a constant`);
  const amounts = known(pads) as number[];
  const along = axes ? (known(axes) as number[]) : x.shape.map((_, i) => i);
  const back = new Array(2 * x.shape.length).fill(0);
  for (const [i, a] of along.entries()) {
    back[axisOf(a, x)] = -amounts[i];
    back[axisOf(a, x) + x.shape.length] = -amounts[i + along.length];
  }
  return [pad(g, back)];
};

/** y = x̂·scale + bias, x̂ = (x − mean)/σ over the last axes: dx = (ĝ − mean ĝ − x̂·mean(ĝ·x̂))/σ with ĝ = g·scale (Ba et al. 2016). */
const layerNormRule: Rule = (g, { inputs: [x, scale, bias], attributes }) => {
  const first = axisOf(attribute(attributes, "axis", -1), x);
  const axes = x.shape.flatMap((_, i) => (i >= first ? [i] : []));
  const centred = sub(x, mean(x, axes, true));
  const inverse = reciprocal(
    sqrt(add(mean(mul(centred, centred), axes, true), attribute(attributes, "epsilon", 1e-5))),
  );
  const unit = mul(centred, inverse);
  const scaled = mul(g, scale);
  const dx = mul(inverse, sub(sub(scaled, mean(scaled, axes, true)), mul(unit, mean(mul(scaled, unit), axes, true))));
  return [dx, unbroadcast(mul(g, unit), scale), bias ? unbroadcast(g, bias) : null];
};

const batchNormRule: Rule = (g, { inputs: [x, scale, bias, average, variance], attributes, needs }) => {
  const channel = (v: Value) =>
    unsqueeze(
      v,
      x.shape.slice(2).map((_, i) => i + 1),
    );
  const others = x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  const inverse = reciprocal(sqrt(add(variance, attribute(attributes, "epsilon", 1e-5))));
  return [
    needs(0) ? mul(g, channel(mul(scale, inverse))) : null,
    needs(1) ? mul(sum(mul(g, sub(x, channel(average))), others), inverse) : null,
    bias && needs(2) ? sum(g, others) : null,
    null,
    null,
  ];
};

const batchNormTrainRule: Rule = (g, { inputs: [x, scale], outputs: [, average, variance], attributes, grads }) => {
  if (!g || grads[1] || grads[2])
    throw new GraphError(
      "BatchNormTrain: a loss may depend on its first output only; stop the gradient of the batch statistics",
    );
  return applyAll(
    "BatchNormGrad",
    [g, x, scale, average, variance],
    { epsilon: attribute(attributes, "epsilon", 1e-5) },
    3,
  );
};

export const gradients: { readonly [K in OpType]: Rule | { readonly noGradient: string } } = {
  Abs: pointwise((x) => sign(x)),
  Cos: pointwise((x) => neg(sin(x))),
  Elu: pointwise((x, y, a) => where(greater(x, 0), ones(x), add(y, attribute(a, "alpha", 1)))), // d α(eˣ − 1) = y + α
  Erf: pointwise((x) => mul(2 / Math.sqrt(Math.PI), exp(neg(mul(x, x))))),
  Exp: pointwise((_, y) => y),
  HardSigmoid: pointwise((_, y, a) => mul(attribute(a, "alpha", 0.2), cast(and(greater(y, 0), less(y, 1)), y.dtype))),
  Identity: pointwise((x) => ones(x)),
  LeakyRelu: pointwise((x, _, a) => where(greater(x, 0), ones(x), attribute(a, "alpha", 0.01))),
  Log: pointwise((x) => reciprocal(x)),
  Neg: (g) => [neg(g)],
  Reciprocal: pointwise((_, y) => neg(mul(y, y))),
  Relu: pointwise((_, y) => cast(greater(y, 0), y.dtype)),
  Sigmoid: pointwise((_, y) => mul(y, sub(1, y))),
  Sin: pointwise((x) => cos(x)),
  Softplus: pointwise((x) => sigmoid(x)),
  Sqrt: pointwise((_, y) => div(0.5, y)),
  Tanh: pointwise((_, y) => sub(1, mul(y, y))),
  Ceil: constantPieces,
  Floor: constantPieces,
  Round: constantPieces,
  Sign: constantPieces,
  Clip: (g, { inputs: [x, low, high] }) => {
    const above = low ? greaterOrEqual(x, low) : null;
    const below = high ? lessOrEqual(x, high) : null;
    const inside = above && below ? and(above, below) : (above ?? below);
    return [inside ? mask(inside, g) : g, null, null];
  },
  CumSum: (g, { inputs: [, axis], attributes }) => [
    apply("CumSum", [g, axis], { ...attributes, reverse: attribute(attributes, "reverse", 0) ? 0 : 1 }),
    null,
  ],
  Trilu: (g, { inputs: [, k], attributes }) => [apply("Trilu", k ? [g, k] : [g], attributes), null],

  Add: (g, { inputs }) => inputs.map((x) => unbroadcast(g, x)),
  Sub: (g, { inputs: [a, b], needs }) => [
    needs(0) ? unbroadcast(g, a) : null,
    needs(1) ? unbroadcast(neg(g), b) : null,
  ],
  Mul: (g, { inputs: [a, b], needs }) => [
    needs(0) ? unbroadcast(mul(g, b), a) : null,
    needs(1) ? unbroadcast(mul(g, a), b) : null,
  ],
  Div: (g, { inputs: [a, b], outputs: [y], needs }) => [
    needs(0) ? unbroadcast(div(g, b), a) : null,
    needs(1) ? unbroadcast(neg(div(mul(g, y), b)), b) : null, // d a/b = −(a/b)/b db
  ],
  Pow: (g, { inputs: [a, b], outputs: [y], needs }) => [
    needs(0) ? unbroadcast(mul(g, mul(b, pow(a, sub(b, 1)))), a) : null,
    needs(1) ? unbroadcast(mul(g, mul(y, log(where(greater(a, 0), a, ones(a))))), b) : null,
  ],
  Max: extremum,
  Min: extremum,
  Sum: (g, { inputs }) => inputs.map((x) => unbroadcast(g, x)),
  Mean: (g, { inputs }) => inputs.map((x) => unbroadcast(div(g, inputs.length), x)),
  Mod: constantPieces,
  PRelu: (g, { inputs: [x, slope] }) => {
    const negative = cast(less(x, 0), g.dtype);
    return [mul(g, where(less(x, 0), expandLike(slope, x), ones(x))), unbroadcast(mul(g, mul(x, negative)), slope)];
  },
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
  Where: (g, { inputs: [condition, x, y], needs }) => [
    null,
    needs(1) ? unbroadcast(where(condition, g, 0), x) : null,
    needs(2) ? unbroadcast(where(condition, 0, g), y) : null,
  ],
  Cast: (g, { inputs: [x] }) => [x.dtype.startsWith("float") ? cast(g, x.dtype) : null],

  ReduceSum: reduction((g, x) => expandLike(g, x)),
  ReduceMean: reduction((g, x, _, axes) => expandLike(div(g, population(x, axes)), x)),
  ReduceMax: reduceExtremum,
  ReduceMin: reduceExtremum,
  ReduceProd: reduction((g, x, y) => div(mul(g, y), x)),
  ReduceLogSumExp: reduction((g, x, y) => mul(g, exp(sub(x, y)))),
  ReduceSumSquare: reduction((g, x) => mul(g, mul(2, x))),
  ReduceL1: reduction((g, x) => mul(g, sign(x))),
  ReduceL2: reduction((g, x, y) => mul(div(g, y), x)),
  ArgMax: indices,
  ArgMin: indices,
  TopK: (g, { inputs: [x], outputs: [, at], attributes }) => [
    apply("ScatterElements", [zeros(x), at, g], { axis: attribute(attributes, "axis", -1), reduction: "add" }),
    null,
  ],
  Softmax: (g, { outputs: [y], attributes }) => [
    mul(y, sub(g, sum(mul(g, y), [attribute(attributes, "axis", -1)], true))),
  ], // y ⊙ (g − ⟨g, y⟩)
  LogSoftmax: (g, { inputs: [x], attributes }) => {
    const axis = attribute(attributes, "axis", -1);
    return [sub(g, mul(softmax(x, axis), sum(g, [axis], true)))];
  },

  MatMul: matMulRule,
  Gemm: gemmRule,
  Conv: convRule,
  ConvTranspose: convTransposeRule,
  MaxPool: (g, { inputs: [x], outputs: [y], attributes }) => [apply("MaxPoolGrad", [g, x, y], attributes)],
  AveragePool: averagePoolRule,
  GlobalAveragePool: (g, { inputs: [x] }) => [
    expandLike(
      div(
        g,
        population(
          x,
          x.shape.slice(2).map((_, i) => i + 2),
        ),
      ),
      x,
    ),
  ],
  GlobalMaxPool: (g, { inputs: [x], outputs: [y] }) => {
    const hit = cast(equal(x, y), g.dtype);
    return [
      mul(
        div(
          g,
          sum(
            hit,
            x.shape.slice(2).map((_, i) => i + 2),
            true,
          ),
        ),
        hit,
      ),
    ];
  },
  BatchNormalization: batchNormRule,
  LayerNormalization: layerNormRule,
  GroupNormalization: none("it is composed: use groupNorm of hcsc/graph, or read the model, which replaces it"),
  InstanceNormalization: none("it is composed: read the model, which replaces it"),

  Reshape: reshaping,
  Flatten: reshaping,
  Squeeze: reshaping,
  Unsqueeze: reshaping,
  Transpose: (g, { inputs: [x], attributes }) => {
    const perm = attribute(attributes, "perm", x.shape.map((_, i) => i).reverse());
    return [
      transpose(
        g,
        perm.map((_, i) => perm.indexOf(i)),
      ),
    ];
  },
  Slice: sliceRule,
  Concat: concatRule,
  Split: splitRule,
  Pad: padRule,
  Expand: (g, { inputs: [x] }) => [unbroadcast(g, x), null],
  Tile: (g, { inputs: [x, repeats] }) => {
    const times = known(repeats) as number[];
    const pairs = x.shape.flatMap((d, i) => [times[i], isSize(d) ? d : -1]);
    return [
      reshapeLike(
        sum(
          reshape(g, pairs),
          times.map((_, i) => 2 * i),
        ),
        x,
      ),
      null,
    ];
  },
  Gather: (g, { inputs: [x, at], attributes }) => [
    scatterAxis(g, at, x, axisOf(attribute(attributes, "axis", 0), x)),
    null,
  ],
  GatherElements: (g, { inputs: [x, at], attributes }) => [
    apply("ScatterElements", [zeros(x), at, g], { axis: attribute(attributes, "axis", 0), reduction: "add" }),
    null,
  ],
  GatherND: (g, { inputs: [x, at], attributes }) => {
    if (attribute(attributes, "batch_dims", 0) !== 0)
      throw new GraphError("GatherND: batch_dims other than 0 has no gradient rule");
    return [scatterND(zeros(x), at, g, "add"), null];
  },
  ScatterND: (g, { inputs: [, at, updates], attributes }) => {
    const taken = apply("GatherND", [g, at]);
    if (attribute(attributes, "reduction", "none") === "add") return [g, null, taken];
    return [scatterND(g, at, zeros(updates)), null, taken];
  },
  ScatterElements: (g, { inputs: [, at, updates], attributes }) => {
    const axis = attribute(attributes, "axis", 0);
    const taken = gatherElements(g, at, axis);
    if (attribute(attributes, "reduction", "none") === "add") return [g, null, taken];
    return [apply("ScatterElements", [g, at, zeros(updates)], { axis }), null, taken];
  },
  Shape: indices,
  ConstantOfShape: indices,
  Range: none("it counts"),
  OneHot: none("its indices are integers"),
  Dropout: (g, { outputs, attributes }) => {
    if (outputs.length > 1 || attributes.training)
      throw new GraphError("Dropout: differentiate it in inference form, or multiply by a mask that is an input");
    return [g];
  },

  ConvGradInput: none("second derivatives of convolutions are not built"),
  ConvGradWeight: none("second derivatives of convolutions are not built"),
  BatchNormTrain: batchNormTrainRule,
  BatchNormGrad: none("second derivatives of batch normalisation are not built"),
  MaxPoolGrad: none("second derivatives of pooling are not built"),
};
