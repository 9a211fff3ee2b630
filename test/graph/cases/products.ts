/** Matrix products. */
import * as g from "../../../src/graph/index.js";
import { type Case, named, uniform } from "../gradientError.js";

const matrices: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [2, 3],
    [3, 4],
  ],
  [[3], [3, 2]],
  [[2, 3], [3]],
  [[3], [3]],
  [
    [2, 2, 3],
    [3, 4],
  ],
  [
    [2, 2, 3],
    [2, 3, 2],
  ],
  [
    [2, 1, 2, 3],
    [2, 3, 1],
  ],
  [
    [2, 3],
    [2, 3, 2],
  ],
  [[3], [2, 3, 2]],
  [[2, 2, 3], [3]],
  [
    [2, 2, 3],
    [3, 1],
  ],
  [
    [1, 3],
    [3, 1],
  ],
  [
    [2, 0],
    [0, 3],
  ],
  [
    [0, 2],
    [2, 3],
  ],
];

const flags = [false, true];

export const products: readonly Case[] = [
  ...matrices.map(([a, b]) => ({
    of: `a product of matrices [${a}] and [${b}]`,
    f: g.matMul,
    inputs: [uniform(a), uniform(b)],
  })),
  {
    of: "a product with a matrix turned before, and what it was",
    f: (a, b) => g.add(g.matMul(a, g.transpose(b, [0, 2, 1])), g.mul(a, b)),
    inputs: [uniform([2, 3, 3]), uniform([2, 3, 3])],
  },
  {
    of: "a product with a named batch",
    f: g.matMul,
    inputs: [named(uniform([2, 4, 3]), ["n", 4, 3]), uniform([3, 2])],
  },
  {
    of: "a batched product with a named batch",
    f: g.matMul,
    inputs: [named(uniform([2, 4, 3]), ["n", 4, 3]), named(uniform([2, 3, 1]), ["n", 3, 1])],
  },
  ...flags.flatMap((transA) =>
    flags.map((transB) => ({
      of: `gemm${transA ? ", first transposed" : ""}${transB ? ", second transposed" : ""}`,
      f: (a: g.Value, b: g.Value, c: g.Value) =>
        g.apply("Gemm", [a, b, c], { transA: transA ? 1 : 0, transB: transB ? 1 : 0, alpha: 0.5, beta: 2 }),
      inputs: [uniform(transA ? [3, 2] : [2, 3]), uniform(transB ? [4, 3] : [3, 4]), uniform([4])],
    })),
  ),
  ...[[2, 4], [2, 1], [1], []].map((c) => ({
    of: `gemm with a bias of [${c}]`,
    f: (a: g.Value, b: g.Value, bias: g.Value) => g.gemm(a, b, bias),
    inputs: [uniform([2, 3]), uniform([3, 4]), uniform(c)],
  })),
  { of: "gemm without a bias", f: (a, b) => g.gemm(a, b), inputs: [uniform([2, 3]), uniform([3, 4])] },
];
