/** Convolution and pooling. */
import type { Attributes } from "../../src/graph/index.js";
import type { Application } from "./case.js";
import { chance, channels, distinct, fed, oneOf, steps, type Take, times } from "./take.js";

type Draws = (take: Take) => Application;

interface Axis {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly begin: number;
  readonly end: number;
}

/** Mostly two spatial axes. */
const spatialRank = (take: Take): number => oneOf(take, [2, 2, 2, 2, 2, 1, 1, 3]);

const pads = [0, 0, 0, 1, 1, 2];

/** One spatial axis: an image of up to 13 pixels, or one as large as the kernel. */
function axisOf(take: Take, most: number): Axis {
  const kernel = oneOf(take, [1, 1, 2, 3, 3, 3, 4, 5]);
  const [begin, end] = times(2, () => oneOf(take, pads));
  const dilation = oneOf(take, [1, 1, 1, 1, 2, 3]);
  const reach = dilation * (kernel - 1) + 1;
  const size = chance(take, 6) ? kernel : 1 + take(most);
  return {
    size: Math.max(size, reach - begin - end, 1),
    kernel,
    stride: oneOf(take, [1, 1, 1, 2, 2, 3]),
    dilation,
    begin,
    end,
  };
}

const spatial = (take: Take): Axis[] => {
  const rank = spatialRank(take);
  const same = chance(take, 2);
  const first = axisOf(take, rank === 3 ? 5 : 13);
  return times(rank, (i) => (same || i === 0 ? first : axisOf(take, rank === 3 ? 5 : 13)));
};

const attributesOf = (a: readonly Axis[], more: Attributes = {}): Attributes => ({
  strides: a.map((v) => v.stride),
  pads: [...a.map((v) => v.begin), ...a.map((v) => v.end)],
  dilations: a.map((v) => v.dilation),
  ...more,
});

/** Groups, and channels of each: one group of many, or several of few; one in five depthwise. */
function grouped(take: Take): { readonly group: number; readonly inside: number; readonly outside: number } {
  const group = oneOf(take, [1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7]);
  if (group === 1) return { group, inside: channels(take), outside: channels(take) };
  return { group, inside: 1 + take(6), outside: 1 + take(11) };
}

const images = (take: Take): number => (chance(take, 30) ? 0 : 1 + take(3));

const pooled =
  (mode: "max" | "average"): Draws =>
  (take) => {
    const a = spatial(take).map((v) => {
      // Of pooling, padding is smaller than the kernel; the average of opset 18 is not dilated.
      const dilation = mode === "average" ? 1 : v.dilation;
      const [begin, end] = [v.begin, v.end].map((p) => Math.min(p, v.kernel - 1));
      return { ...v, dilation, begin, end, size: Math.max(v.size, dilation * (v.kernel - 1) + 1 - begin - end) };
    });
    const whole = a.every((v) => {
      const free = v.size + v.begin + v.end - (v.dilation * (v.kernel - 1) + 1);
      return Math.ceil(free / v.stride) * v.stride < v.size + v.begin; // the last window begins inside
    });
    const ceil = whole && chance(take, 3) ? { ceil_mode: 1 } : {};
    const { dilations, ...rest } = attributesOf(a, { kernel_shape: a.map((v) => v.kernel), ...ceil });
    const x = [images(take), channels(take), ...a.map((v) => v.size)];
    return mode === "max"
      ? { inputs: [fed(x, oneOf(take, [distinct, steps(-2, 2)]))], attributes: { ...rest, dilations } }
      : { inputs: [fed(x)], attributes: { ...rest, count_include_pad: take(2) } };
  };

const global: Draws = (take) => ({
  inputs: [fed([images(take), channels(take), ...times(spatialRank(take), () => 1 + take(9))], distinct)],
});

export const windows = {
  Conv: (take) => {
    const a = spatial(take);
    const { group, inside, outside } = grouped(take);
    const x = [images(take), group * inside, ...a.map((v) => v.size)];
    const w = [group * outside, inside, ...a.map((v) => v.kernel)];
    const bias = chance(take, 3) ? [fed([w[0]])] : [];
    return { inputs: [fed(x), fed(w), ...bias], attributes: attributesOf(a, { group }) };
  },
  ConvTranspose: (take) => {
    const a = spatial(take).map((v) => {
      const whole = v.stride * (v.size - 1) + v.dilation * (v.kernel - 1) + 1;
      const begin = Math.min(v.begin, whole - 1);
      return { ...v, begin, end: Math.min(v.end, whole - 1 - begin) };
    });
    const { group, inside, outside } = grouped(take);
    const x = [images(take), group * inside, ...a.map((v) => v.size)];
    const w = [group * inside, outside, ...a.map((v) => v.kernel)];
    const output_padding = a.map((v) => take(v.stride));
    const bias = chance(take, 3) ? [fed([group * outside])] : [];
    return { inputs: [fed(x), fed(w), ...bias], attributes: attributesOf(a, { group, output_padding }) };
  },
  MaxPool: pooled("max"),
  AveragePool: pooled("average"),
  GlobalAveragePool: global,
  GlobalMaxPool: global,
} as const satisfies Readonly<Record<string, Draws>>;
