/**
 * The portable form of the composites: standard ONNX ops only, so that any runtime takes the graph. Every other lowering is
 * tested against this one.
 */
import {
  add,
  apply,
  cast,
  concat,
  conv,
  div,
  equal,
  gather,
  matMul,
  mean,
  mul,
  pad,
  reciprocal,
  reshape,
  reshapeLike,
  slice,
  sqrt,
  sub,
  sum,
  transpose,
  unsqueeze,
} from "./apply.js";
import { type Composite, windowOf } from "./ops.js";
import { type Rewrite, rewriteGraph } from "./rewrite.js";
import { count, sizes } from "./shapes.js";
import { type Attributes, constant, ints, type Value } from "./value.js";

export type Expansion = (inputs: readonly Value[], attributes: Attributes) => readonly Value[];

const listOf = (a: Attributes, name: string) => a[name] as readonly number[];
const product = (dimensions: readonly number[]) => dimensions.reduce((p, d) => p * d, 1);
const spatialOf = (x: Value): readonly number[] => sizes("expand", { ...x, shape: x.shape.slice(2) });

/**
 * dx of y = conv(x, w). Stride 1, one group: the convolution of dy with w, its taps reversed and its channels swapped, padded
 * by what a window reaches beyond the image. Else `ConvTranspose`.
 */
const convGradInput: Expansion = ([dy, w], a) => {
  const kernel = spatialOf(w);
  const { strides, pads, dilations } = windowOf(a, kernel);
  const group = (a.group as number | undefined) ?? 1;
  const input = listOf(a, "input");
  const out = spatialOf(dy);
  const reach = kernel.map((k, i) => dilations[i] * (k - 1));
  const before = reach.map((r, i) => r - pads[i]);
  const after = input.map((d, i) => d - out[i] - before[i] + reach[i]);
  if (group === 1 && strides.every((s) => s === 1) && [...before, ...after].every((p) => p >= 0)) {
    return [conv(dy, reversedFilters(w, kernel), { pads: [...before, ...after], dilations })];
  }
  // H = stride·(Ho − 1) + output_padding + reach + 1 − pads
  const left = input.map((d, i) => d - (strides[i] * (out[i] - 1) + reach[i] + 1 - pads[i] - pads[i + input.length]));
  const ends = left.map((extra, i) => pads[i + input.length] + Math.max(0, -extra));
  const attributes = {
    strides,
    dilations,
    group,
    pads: [...pads.slice(0, input.length), ...ends],
    output_padding: left.map((e) => Math.max(0, e)),
  };
  return [apply("ConvTranspose", [dy, w], attributes)];
};

/** w [O,I,k…] → [I,O,k…] with the order of the taps reversed. */
function reversedFilters(w: Value, kernel: readonly number[]): Value {
  const [o, i] = sizes("expand", w);
  const taps = product(kernel);
  const swapped = transpose(reshape(w, [o, i, taps]), [1, 0, 2]);
  const reversed =
    taps === 1 ? swapped : gather(swapped, ints(Array.from({ length: taps }, (_, t) => taps - 1 - t)), 2);
  return reshape(reversed, [i, o, ...kernel]);
}

/** All offsets of a window, last axis fastest. */
function taps(kernel: readonly number[]): number[][] {
  return kernel.reduce<number[][]>(
    (all, k) => all.flatMap((t) => Array.from({ length: k }, (_, i) => [...t, i])),
    [[]],
  );
}

/** For each tap, the elements of x that it meets: [N,C,out…]. x is padded with `fill` where windows reach beyond it. */
function windows(x: Value, a: Attributes, kernel: readonly number[], out: readonly number[], fill = 0): Value[] {
  const { strides, pads, dilations } = windowOf(a, kernel);
  const input = spatialOf(x);
  const ends = out.map((o, i) =>
    Math.max(0, (o - 1) * strides[i] + dilations[i] * (kernel[i] - 1) + 1 - input[i] - pads[i]),
  );
  const padded = pad(x, [0, 0, ...pads.slice(0, input.length), 0, 0, ...ends], fill);
  return taps(kernel).map((tap) =>
    tap.reduce((v, t, i) => {
      const from = t * dilations[i];
      const to = from + (out[i] - 1) * strides[i] + 1;
      const whole = from === 0 && to === v.shape[i + 2] && strides[i] === 1;
      return whole ? v : slice(v, i + 2, from, to, strides[i]);
    }, padded),
  );
}

/** dw of y = conv(x, w): for each image dy·columnsᵀ, columns being what every tap meets, summed over the images. */
const convGradWeight: Expansion = ([x, dy], a) => {
  const kernel = listOf(a, "kernel");
  const group = (a.group as number | undefined) ?? 1;
  const out = spatialOf(dy);
  const [positions, filters] = [product(out), (dy.shape[1] as number) / group];
  const channels = (x.shape[1] as number) / group;
  const parts = windows(x, a, kernel, out).map((v) => reshape(v, [-1, group, channels, positions]));
  const columns = concat(parts, 2); // [N, group, taps·channels, positions]
  const each = matMul(reshape(dy, [-1, group, filters, positions]), transpose(columns, [0, 1, 3, 2]));
  const total = reshape(sum(each, [0]), [group * filters, parts.length, channels]);
  return [reshape(transpose(total, [0, 2, 1]), [group * filters, channels, ...kernel])];
};

/** A [C] vector along the channels of an image batch. */
const channelwise = (v: Value, x: Value): Value =>
  unsqueeze(
    v,
    x.shape.slice(2).map((_, i) => i + 1),
  );
const notChannels = (x: Value): number[] => x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));

/** y = (x − μ)·γ/√(σ² + ε) + β with the batch's mean and biased variance, the variance from the centred values. */
const batchNormTrain: Expansion = ([x, scale, bias], a) => {
  const axes = notChannels(x);
  const average = mean(x, axes);
  const centred = sub(x, channelwise(average, x));
  const variance = mean(mul(centred, centred), axes);
  const inverse = reciprocal(sqrt(add(variance, a.epsilon as number)));
  return [add(mul(centred, channelwise(mul(scale, inverse), x)), channelwise(bias, x)), average, variance];
};

/** dβ = Σdy, dγ = Σdy·x̂, dx = γ/σ·(dy − dβ/M − x̂·dγ/M) (Ioffe and Szegedy 2015). */
const batchNormGrad: Expansion = ([dy, x, scale, average, variance], a) => {
  const axes = notChannels(x);
  const inverse = reciprocal(sqrt(add(variance, a.epsilon as number)));
  const unit = mul(sub(x, channelwise(average, x)), channelwise(inverse, x));
  const dscale = sum(mul(dy, unit), axes);
  const dbias = sum(dy, axes);
  const size = count(axes.map((i) => x.shape[i]));
  const share = (v: Value) => (size === null ? mean(v, axes, true) : channelwise(div(sum(v, axes), size), x));
  const direction = sub(sub(dy, share(dy)), mul(unit, share(mul(dy, unit))));
  return [mul(direction, channelwise(mul(scale, inverse), x)), dscale, dbias];
};

/**
 * Every tap that meets its window's maximum gets an equal share of dy. The shares go back to their places by the input
 * gradient of a convolution whose filter t is 1 at tap t.
 */
const maxPoolGrad: Expansion = ([dy, x, y], a) => {
  const kernel = listOf(a, "kernel_shape");
  const out = spatialOf(y);
  const hits = windows(x, a, kernel, out, -3.4028234663852886e38).map((v) => cast(equal(v, y), dy.dtype));
  const share = div(
    dy,
    hits.reduce((p, h) => add(p, h)),
  );
  const count = hits.length;
  const flat = hits.map((h) => reshape(mul(h, share), [-1, 1, ...out]));
  const oneHot = constant(
    Array.from({ length: count * count }, (_, i) => (i % (count + 1) === 0 ? 1 : 0)),
    [count, 1, ...kernel],
  );
  const window = { strides: a.strides, pads: a.pads, dilations: a.dilations };
  const given = Object.fromEntries(Object.entries(window).filter(([, v]) => v !== undefined)) as Attributes;
  const [placed] = convGradInput([concat(flat, 1), oneHot], { ...given, input: spatialOf(x) });
  return [reshapeLike(placed, x)];
};

export const portable: Readonly<Record<Composite, Expansion>> = {
  ConvGradInput: convGradInput,
  ConvGradWeight: convGradWeight,
  BatchNormTrain: batchNormTrain,
  BatchNormGrad: batchNormGrad,
  MaxPoolGrad: maxPoolGrad,
};

/** `outputs` with every composite replaced by `table`'s form, or else its portable one. */
export function expandComposites(
  outputs: readonly Value[],
  table: Partial<Readonly<Record<Composite, Expansion>>> = {},
): readonly Value[] {
  const rule: Rewrite = (node, inputs) => {
    if (node.domain !== "hcsc") return null;
    const expansion = table[node.op as Composite] ?? portable[node.op as Composite];
    return expansion(inputs as readonly Value[], node.attributes);
  };
  return rewriteGraph(outputs, rule);
}
