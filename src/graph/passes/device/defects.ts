/**
 * Where kernels of the WebGPU provider are wrong, found by comparing one-node models of random shapes with the CPU provider
 * (onnxruntime-node 1.30.0; the first gave the same wrong digits on an NVIDIA H100). Every row has its smallest case in
 * `test/webgpu/defects.test.ts`, which fails without the row, and says so when the kernel has been mended.
 *
 * The order counts: what one row makes may meet a later one.
 */
import { abs, applyAll, gemm, mul, reshape } from "../../apply.js";
import { expandLike, sameShape } from "../../reshaping.js";
import { count, isSize } from "../../shapes.js";
import { type DType, scalar, type Value } from "../../value.js";
import * as convolution from "./convolution.js";
import { inParts, launchesTooMany } from "./launches.js";
import {
  groupNormalization,
  instanceNormalization,
  isBroadcast,
  isUncentred,
  layerNormalization,
  logSumExp,
  repeatedBefore,
} from "./reductions.js";
import type { Replacement } from "./replacement.js";
import { reversedSlice, slicesFromWithin } from "./slice.js";

const isEmpty = (shape: readonly (number | string)[]): boolean => shape.includes(0);

/** What the largest, smallest and logarithm of the sum of no elements are. */
const ofNothing: Readonly<Record<string, Partial<Readonly<Record<DType, number>>>>> = {
  ReduceMax: { float32: Number.NEGATIVE_INFINITY, int32: -(2 ** 31) },
  ReduceMin: { float32: Number.POSITIVE_INFINITY, int32: 2 ** 31 - 1 },
  ReduceLogSumExp: { float32: Number.NEGATIVE_INFINITY },
};

/** What a reduction of one element is. */
const alongNothing: Readonly<Record<string, (x: Value) => Value>> = {
  ReduceL1: abs,
  ReduceL2: abs,
  ReduceSumSquare: (x) => mul(x, x),
};

export const defects: Readonly<Record<string, Replacement>> = {
  "much of what gives nothing does not run": {
    ops: null,
    meets: ({ op, outputs }) => op !== "Expand" && outputs.every((y) => isEmpty(y.shape)),
    instead: ({ outputs }) => outputs.map((y) => expandLike(scalar(0, y.dtype), y)),
  },
  "a normalization takes its variance as E[x²] − mean²": {
    ops: ["LayerNormalization"],
    meets: isUncentred,
    instead: layerNormalization,
  },
  "a normalization repeats no scale or bias": {
    ops: ["LayerNormalization"],
    meets: isBroadcast,
    instead: repeatedBefore,
  },
  "an instance normalization does too": {
    ops: ["InstanceNormalization"],
    meets: () => true,
    instead: instanceNormalization,
  },
  "a group normalization is taken apart with its shapes on the CPU": {
    ops: ["GroupNormalization"],
    meets: () => true,
    instead: groupNormalization,
  },
  "a largest or smallest of nothing does not run": {
    ops: Object.keys(ofNothing),
    meets: ({ inputs: [x] }) => isEmpty(x.shape) && x.dtype in ofNothing.ReduceMax,
    instead: ({ op, outputs: [y] }) => [expandLike(scalar(ofNothing[op][y.dtype] as number, y.dtype), y)],
  },
  "a logarithm of a sum of exponentials subtracts no maximum": {
    ops: ["ReduceLogSumExp"],
    meets: () => true,
    instead: logSumExp,
  },
  "a transposed convolution in 3-D has no kernel": {
    ops: ["ConvTranspose"],
    meets: ({ inputs: [x] }) => x.shape.length > 4,
    instead: null,
  },
  "a transposed convolution with one output channel a group mixes groups": {
    ops: ["ConvTranspose"],
    meets: convolution.mixesGroups,
    instead: convolution.twoChannelsAGroup,
  },
  "a grouped convolution in 3-D has no kernel": {
    ops: ["Conv"],
    meets: convolution.isGroupedVolume,
    instead: convolution.groupByGroup,
  },
  "a convolution taken for a product forgets end pads": {
    ops: ["Conv"],
    meets: convolution.forgetsEndPads,
    instead: convolution.withBeginPad,
  },
  "a grouped convolution reads channels of two groups at once": {
    ops: ["Conv"],
    meets: convolution.readsAcrossGroups,
    instead: convolution.wholeVectorsAGroup,
  },
  "a convolution of 3n channels to 4m reads the wrong ones": {
    ops: ["Conv"],
    meets: convolution.misreadsChannels,
    instead: convolution.wholeVectorsOfChannels,
  },
  "a slice backwards starts from the wrong place": {
    ops: ["Slice"],
    meets: slicesFromWithin,
    instead: reversedSlice,
  },
  "a product with a scalar to add ends the process": {
    ops: ["Gemm"],
    meets: ({ inputs: [, , c] }) => c?.shape.length === 0,
    instead: ({ inputs, attributes }) => applyAll("Gemm", [inputs[0], inputs[1], reshape(inputs[2], [1])], attributes),
  },
  "a product over nothing ends the process": {
    ops: ["MatMul"],
    meets: ({ inputs: [a], outputs: [y] }) => a.shape.at(-1) === 0 && !isEmpty(y.shape),
    instead: ({ inputs: [a, b], outputs: [y] }) =>
      a.shape.length === 2 && b.shape.length === 2 ? [gemm(a, b)] : [expandLike(scalar(0, y.dtype), y)],
  },
  "a product or convolution of too many workgroups writes past its end": {
    ops: ["MatMul", "Conv"],
    meets: launchesTooMany,
    instead: inParts,
  },
  "a power of two broadcasts reads past a row": {
    ops: ["Pow"],
    meets({ inputs: [x, y] }) {
      const isWide = (d: number | string | undefined) => isSize(d ?? "") && (d as number) % 4 === 0;
      const isOne = (shape: readonly (number | string)[]) => shape.length < 2 && count(shape) === 1;
      return !isOne(x.shape) && !isOne(y.shape) && isWide(x.shape.at(-1)) !== isWide(y.shape.at(-1));
    },
    instead: ({ inputs: [x, y], outputs: [z] }) => applyAll("Pow", [expandLike(x, z), expandLike(y, z)]),
  },
  "a reduction along no axis leaves its element's function out": {
    ops: Object.keys(alongNothing),
    meets: ({ inputs: [, axes], attributes }) => axes?.shape[0] === 0 && attributes.noop_with_empty_axes === 1,
    instead: ({ op, inputs: [x] }) => [alongNothing[op](x)],
  },
  // Only beside an And of a last size of 1 in the same session, as if both used one shader.
  "an And of shapes that differ takes another's": {
    ops: ["And"],
    meets: ({ inputs: [a, b] }) => !sameShape(a.shape, b.shape),
    instead: ({ inputs: [a, b], outputs: [y] }) => applyAll("And", [expandLike(a, y), expandLike(b, y)]),
  },
  "no axis to put in does not run": {
    ops: ["Unsqueeze"],
    meets: ({ inputs: [, axes] }) => axes.shape[0] === 0,
    instead: ({ inputs: [x] }) => [x],
  },
  "an index of the largest of nothing does not run": {
    ops: ["ArgMax", "ArgMin"],
    meets: ({ inputs: [x] }) => isEmpty(x.shape),
    instead: null,
  },
};
