/** Normalising layers. */
import * as g from "../../../src/graph/index.js";
import { between, bools, type Case, named, uniform } from "../gradientError.js";

const large = uniform([2, 2, 32, 32]);

const batch = (x: readonly number[]): Case => ({
  of: `batch normalisation of [${x}] in training form`,
  f: (v, s, b) => g.batchNormTrain(v, s, b, 1e-2)[0],
  inputs: [uniform(x), between(0.5, 2, [x[1]]), uniform([x[1]])],
});

const layer = (x: readonly number[], axis: number, scale: readonly number[]): Case => ({
  of: `layer normalisation of [${x}] from axis ${axis}, scale [${scale}]`,
  f: (v, s, b) => g.apply("LayerNormalization", [v, s, b], { axis, epsilon: 1e-2 }),
  inputs: [uniform(x), between(0.5, 2, scale), uniform(scale)],
});

export const normalization: readonly Case[] = [
  batch([3, 2, 2, 2]),
  batch([4, 3]),
  {
    of: "batch normalisation of maps of 32 by 32",
    f: (v) =>
      g.batchNormTrain(
        g.mul(g.constant(large.data, large.shape), v),
        g.constant([1.5, 0.5]),
        g.constant([0, 1]),
        1e-2,
      )[0],
    inputs: [between(0.5, 2, [2, 2, 1, 1])],
  },
  batch([2, 2, 3]),
  batch([2, 1, 1, 1]),
  {
    of: "batch normalisation in training form with a named batch",
    f: (v, s, b) => g.batchNormTrain(v, s, b, 1e-2)[0],
    inputs: [named(uniform([3, 2, 2, 2]), ["n", 2, 2, 2]), between(0.5, 2, [2]), uniform([2])],
  },
  {
    of: "batch normalisation and the batch's statistics",
    f: (v, s, b) => g.batchNormTrain(v, s, b, 1e-2),
    inputs: [uniform([3, 2, 2]), between(0.5, 2, [2]), uniform([2])],
  },
  {
    of: "the batch's statistics alone",
    f: (v, s, b) => [g.add(g.batchNormTrain(v, s, b)[2], g.add(s, b))],
    inputs: [uniform([3, 2, 2]), between(0.5, 2, [2]), uniform([2])],
  },
  {
    of: "batch normalisation in inference form",
    f: (v, s, b) =>
      g.apply("BatchNormalization", [v, s, b, g.constant([0.1, 0.3]), g.constant([1.5, 0.7])], { epsilon: 1e-2 }),
    inputs: [uniform([2, 2, 2, 2]), between(0.5, 2, [2]), uniform([2])],
  },
  {
    of: "batch normalisation in inference form with respect to the statistics",
    f: (v, s, m, r) => g.apply("BatchNormalization", [v, s, g.constant([0, 1]), m, r], { epsilon: 1e-2 }),
    inputs: [uniform([2, 2, 2]), between(0.5, 2, [2]), uniform([2]), between(0.6, 2, [2])],
  },
  {
    of: "rows of unit length",
    f: (v) => g.unitRows(v),
    inputs: [uniform([3, 4])],
  },
  {
    of: "rows that are shorter than their floor",
    f: (v) => g.unitRows(v, 10),
    inputs: [uniform([3, 4])],
  },
  {
    of: "cross entropy among some classes",
    f: (v, among, picked) => g.crossEntropyAmong(v, among, picked),
    inputs: [
      uniform([2, 2, 3]),
      bools([1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1], [2, 2, 3]),
      bools([1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1], [2, 2, 3]),
    ],
  },
  layer([3, 4], -1, [4]),
  layer([2, 3, 4], 1, [3, 4]),
  layer([2, 3, 4], 1, [4]),
  layer([2, 3, 4], -1, [1]),
  {
    of: "layer normalisation without a bias",
    f: (v, s) => g.apply("LayerNormalization", [v, s], { epsilon: 1e-2 }),
    inputs: [uniform([2, 4]), between(0.5, 2, [4])],
  },
];
