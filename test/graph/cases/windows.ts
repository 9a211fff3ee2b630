/** Convolution and pooling: stride, padding, dilation, groups, one to three spatial axes. */
import * as g from "../../../src/graph/index.js";
import { type Case, named, type Sample, spaced, uniform } from "../gradientError.js";

type Attributes = g.Attributes;
const shown = (a: Attributes) =>
  Object.entries(a)
    .map(([k, v]) => `${k} ${JSON.stringify(v)}`)
    .join(", ");

const convolutions: readonly (readonly [readonly number[], readonly number[], Attributes])[] = [
  [[2, 2, 4, 4], [3, 2, 3, 3], { pads: [1, 1, 1, 1] }],
  [[2, 2, 4, 4], [3, 2, 3, 3], {}],
  [[1, 2, 5, 4], [2, 2, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[2, 2, 4, 4], [3, 2, 1, 1], { strides: [2, 2] }],
  [[2, 3, 3, 3], [2, 3, 1, 1], {}],
  [[1, 1, 7, 7], [1, 1, 2, 2], { strides: [3, 3] }],
  [[1, 1, 6, 6], [1, 1, 3, 3], { dilations: [2, 2], pads: [2, 2, 2, 2] }],
  [[1, 1, 7, 6], [1, 1, 3, 2], { dilations: [2, 3], strides: [2, 1], pads: [1, 0, 2, 1] }],
  [[2, 4, 3, 3], [6, 2, 2, 2], { group: 2 }],
  [[1, 3, 4, 4], [3, 1, 3, 3], { group: 3, pads: [1, 1, 1, 1] }],
  [[1, 2, 5, 5], [4, 1, 3, 3], { group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[1, 1, 2, 2], [1, 1, 3, 3], { pads: [2, 2, 2, 2] }],
  [[1, 1, 2, 2], [2, 1, 1, 1], { pads: [1, 1, 1, 1] }],
  [[1, 1, 5, 5], [1, 1, 5, 5], { pads: [2, 2, 2, 2] }],
  [[2, 1, 6], [2, 1, 3], { strides: [2], pads: [1, 1] }],
  [[1, 1, 3, 3, 3], [2, 1, 2, 2, 2], { strides: [1, 1, 2], pads: [0, 0, 1, 0, 0, 0] }],
  [[1, 1, 4, 4], [1, 1, 2, 2], { pads: [1, 0, 0, 1] }],
  [[1, 8, 17, 16], [8, 8, 3, 3], { pads: [1, 1, 1, 1], strides: [1, 2] }],
  [[1, 33, 16, 16], [2, 33, 3, 3], { pads: [1, 1, 1, 1] }],
  [[2, 33, 4, 4], [2, 33, 3, 3], { pads: [1, 1, 1, 1] }],
  [[1, 4, 16, 16], [2, 4, 3, 3], { pads: [1, 1, 1, 1] }],
];

/** Large cases check the weights only, or they would take long. */
const conv = ([x, w, a]: (typeof convolutions)[number]): Case => {
  const big = x.reduce((p, d) => p * d, 1) > 500;
  const filters = uniform(w, 1);
  const of = `a convolution of [${x}] by [${w}]${a ? ` with ${shown(a)}` : ""}`;
  if (!big) return { of, f: (i, k, b) => g.conv(i, k, a, b), inputs: [uniform(x, 1), filters, uniform([w[0]])] };
  const image = uniform(x, 1);
  return {
    of,
    f: (k) => g.mean(g.conv(g.constant(image.data, x), g.mul(k, g.constant(filters.data, w)), a), [2, 3]),
    inputs: [uniform([w[0], 1, 3, 3], 1)],
  };
};

const transposed: readonly (readonly [readonly number[], readonly number[], Attributes])[] = [
  [[1, 2, 3, 3], [2, 3, 2, 2], { strides: [2, 2] }],
  [[1, 2, 3, 3], [2, 1, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] }],
  [[1, 4, 2, 2], [4, 1, 3, 3], { group: 2, dilations: [2, 1] }],
];

type Pool = readonly [readonly number[], readonly number[], Attributes];
const pools: readonly Pool[] = [
  [[1, 2, 4, 4], [2, 2], { strides: [2, 2] }],
  [[1, 2, 5, 5], [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }],
  [[2, 1, 4, 4], [3, 3], {}],
  [[1, 1, 5, 5], [2, 2], { strides: [3, 3] }],
  [[1, 1, 5, 5], [2, 2], { strides: [2, 2], ceil_mode: 1 }],
  [[1, 1, 5, 6], [3, 2], { strides: [2, 2], ceil_mode: 1, pads: [1, 0, 1, 0] }],
  [[2, 2, 6], [3], { strides: [2], pads: [1, 1] }],
  [[1, 1, 2, 3, 2], [2, 2, 2], {}],
  [[1, 1, 2, 2], [1, 1], {}],
];
const dilated: Pool = [[1, 1, 5, 5], [2, 2], { dilations: [2, 2] }];

const pooling = (
  of: string,
  f: (x: g.Value, kernel: readonly number[], a: Attributes) => g.Value,
  draw: (shape: readonly number[]) => Sample,
  cases: readonly Pool[],
): Case[] =>
  cases.map(([x, kernel, a]) => ({
    of: `${of} of [${x}] by [${kernel}]${Object.keys(a).length ? ` with ${shown(a)}` : ""}`,
    f: (v) => f(v, kernel, a),
    inputs: [draw(x)],
  }));

export const windows: readonly Case[] = [
  ...convolutions.map(conv),
  ...transposed.map(([x, w, a]) => ({
    of: `a transposed convolution of [${x}] by [${w}] with ${shown(a)}`,
    f: (i: g.Value, k: g.Value, b: g.Value) => g.apply("ConvTranspose", [i, k, b], a),
    inputs: [uniform(x, 1), uniform(w, 1), uniform([w[1] * ((a.group as number | undefined) ?? 1)])],
  })),
  {
    of: "a convolution with a named batch",
    f: (x, w) => g.conv(x, w, { pads: [1, 1, 1, 1], strides: [2, 2] }),
    inputs: [named(uniform([2, 1, 4, 4], 1), ["n", 1, 4, 4]), uniform([2, 1, 3, 3], 1)],
  },
  ...pooling("a max pooling", (x, k, a) => g.maxPool(x, k, a as g.ConvAttributes), spaced, [...pools, dilated]),
  ...pooling("an average pooling", g.averagePool, uniform, pools),
  ...pooling(
    "an average pooling that counts its padding",
    (x, k, a) => g.averagePool(x, k, { ...a, count_include_pad: 1 }),
    uniform,
    pools,
  ),
  {
    of: "max pooling with a named batch",
    f: (x) => g.maxPool(x, [2, 2]),
    inputs: [named(spaced([2, 1, 3, 3]), ["n", 1, 3, 3])],
  },
  {
    of: "average pooling with a named batch",
    f: (x) => g.averagePool(x, [2, 2]),
    inputs: [named(uniform([2, 1, 3, 3]), ["n", 1, 3, 3])],
  },
  { of: "global average pooling", f: g.globalAveragePool, inputs: [uniform([2, 2, 3, 2])] },
  {
    of: "global average pooling of named sizes",
    f: g.globalAveragePool,
    inputs: [named(uniform([1, 2, 3, 2]), [1, 2, "h", "w"])],
  },
  { of: "global max pooling", f: (x) => g.apply("GlobalMaxPool", [x]), inputs: [spaced([2, 2, 3, 2])] },
];
