/** Pooling on blocked memory. */
import { add, div, expand, mul, reshape } from "../../apply.js";
import { windowOf } from "../../ops/index.js";
import { type Attributes, producer, type Value } from "../../value.js";
import { maxPoolGradient } from "../expand/pooling.js";
import type { Rule } from "./forms.js";
import { depthwise, globalMean, imageOf, interleave, maxPool, reaches, sameTaps, view } from "./kernels.js";

export const blockedMaxPool: Rule = (node, lowering) => {
  const [x] = node.inputs as readonly Value[];
  if (node.outputs.length > 1 || !lowering.fits(x) || !lowering.isBlocked(x) || node.attributes.ceil_mode) return null;
  const kernel = node.attributes.kernel_shape as readonly number[];
  const { strides, pads, dilations } = windowOf(node.attributes, kernel);
  const attributes: Attributes = { kernel_shape: kernel, strides, pads, dilations };
  return [{ blocked: maxPool(lowering.blocked(x), attributes, imageOf(node.outputs[0])) }];
};

/** On blocked memory seen as [N·C/b, H, W, b] the portable form's strided copies move whole blocks. */
export const blockedMaxPoolGrad: Rule = (node, lowering) => {
  const inputs = node.inputs as readonly Value[];
  const { block } = lowering;
  if (!inputs.every((v) => lowering.fits(v))) return null;
  const [, x, y] = inputs;
  const { strides, pads, dilations } = windowOf(node.attributes, node.attributes.kernel_shape as readonly number[]);
  const halves = [2, 3].every((axis) => x.shape[axis] === 2 * (y.shape[axis] as number));
  const window = `${node.attributes.kernel_shape}/${strides}/${pads}/${dilations}`;
  if (producer(x)?.op === "Relu" && halves && window === "3,3/2,2/1,1,1,1/1,1")
    return [
      {
        blocked: halvedGradient(
          inputs.map((v) => lowering.blocked(v)),
          block,
        ),
      },
    ];
  const lanes = inputs.map((v) => {
    const [n, c, h, w] = imageOf(v);
    return view(lowering.blocked(v), [(n * c) / block, h, w, block]);
  });
  return [{ blocked: view(maxPoolGradient(lanes, node.attributes, 1), imageOf(node.outputs[0])) }];
};

/** Along an axis, the taps of a 3/2 window padded by 1: where each lies, as parity of the image and places from the window's. */
const windowTaps = [
  { parity: 1, shift: -1 },
  { parity: 0, shift: 0 },
  { parity: 1, shift: 0 },
] as const;

/** Taps of which the one at `place` is 1 and the others are 0. */
function oneTap([h, w]: readonly number[], [row, column]: readonly number[]): number[] {
  const taps = Array<number>(h * w).fill(0);
  taps[row * w + column] = 1;
  return taps;
}

/**
 * Windows of 3 at stride 2, padded by 1, over an image that a ReLU made. A tap that meets its window's maximum is found in one
 * pass, by a convolution that takes the tap, subtracts the maximum and ends in a step. Padding counts as 0, so it may meet a
 * maximum of 0, where the ReLU lets no gradient through.
 */
function halvedGradient([dy, x, y]: readonly Value[], b: number): Value {
  const [, channels] = imageOf(x);
  const single = { group: channels, dilations: [1, 1] };
  const taps = windowTaps.flatMap((row) => windowTaps.map((column) => [row, column] as const));
  const hits = taps.map((tap) => {
    const kernel = tap.map(({ parity }) => parity + 1) as [number, number];
    const place = tap.map(({ parity, shift }) => parity + shift);
    const begins = tap.map(({ shift }) => -shift);
    const filters = sameTaps(channels, oneTap(kernel, place), kernel, b);
    return reaches(x, filters, y, { ...single, strides: [2, 2], pads: [...begins, 0, 0] });
  });
  const share = div(
    dy,
    hits.reduce((p, h) => add(p, h)),
  );
  const parts: (Value | null)[][] = [
    [null, null],
    [null, null],
  ];
  // Those that lie at their window's own place first: the others are added to them.
  for (const [i, [row, column]] of [...taps.entries()].reverse()) {
    const own = mul(hits[i], share);
    const before = parts[row.parity][column.parity];
    const shifts = [-row.shift, -column.shift];
    const kernel = shifts.map((s) => s + 1) as [number, number];
    parts[row.parity][column.parity] = before
      ? depthwise(own, oneTap(kernel, shifts), kernel, { pads: [0, 0, ...shifts] }, imageOf(y), b, { sum: before })
      : own;
  }
  return interleave(parts, imageOf(x), b);
}

export const globalAverage: Rule = (node, lowering) => {
  const [x] = node.inputs as readonly Value[];
  if (!lowering.fits(x) || !lowering.isBlocked(x)) return null;
  return [{ plain: globalMean(lowering.blocked(x)) }];
};

/** [N,C,1,1] spread over an image: the gradient of global average pooling. */
export const spread: Rule = (node, lowering) => {
  const [x] = node.inputs as readonly Value[];
  const [y] = node.outputs;
  if (!lowering.fits(y) || !lowering.fits(x) || imageOf(x)[2] * imageOf(x)[3] !== 1) return null;
  const [n, c, h, w] = imageOf(y);
  const { block } = lowering;
  if (imageOf(x)[0] !== n || imageOf(x)[1] !== c) return null;
  const lanes = reshape(lowering.plain(x), [n, c / block, 1, block]);
  return [{ blocked: view(expand(lanes, [n, c / block, h * w, block]), [n, c, h, w]) }];
};
