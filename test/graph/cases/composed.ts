/** Functions of `compose.ts`. */
import * as g from "../../../src/graph/index.js";
import { between, type Case, floats, integers, named, uniform } from "../gradientError.js";

const on = (of: string, f: Case["f"], ...inputs: Case["inputs"]): Case => ({ of, f, inputs });
const s = [2, 4];

export const composed: readonly Case[] = [
  on("gelu", (x) => g.gelu(x), uniform(s)),
  on("gelu by tanh", (x) => g.gelu(x, "tanh"), uniform(s)),
  on("silu", g.silu, uniform(s)),
  on("mish", g.mish, uniform(s)),
  on("softsign", g.softsign, uniform(s)),
  on("selu", (x) => g.selu(x), uniform(s)),
  on("hard swish", g.hardSwish, uniform(s)),
  on("unit rows", (x) => g.l2Normalize(x), uniform(s)),
  on("unit columns", (x) => g.l2Normalize(x, 0), uniform([3, 2])),
  on(
    "group norm",
    (x, a, b) => g.groupNorm(x, 2, a, b, 1e-2),
    uniform([2, 4, 2, 2]),
    between(0.5, 2, [4]),
    uniform([4]),
  ),
  on(
    "group norm of a named batch",
    (x, a, b) => g.groupNorm(x, 2, a, b, 1e-2),
    named(uniform([2, 4, 3]), ["n", 4, 3]),
    between(0.5, 2, [4]),
    uniform([4]),
  ),
  on(
    "instance norm",
    (x, a, b) => g.instanceNorm(x, a, b, 1e-2),
    uniform([2, 2, 3]),
    between(0.5, 2, [2]),
    uniform([2]),
  ),
  on("layer norm", (x, a, b) => g.layerNorm(x, a, b), uniform([2, 4]), between(0.5, 2, [4]), uniform([4])),
  on("cross entropy", (x, t) => g.crossEntropy(x, t), uniform([3, 4]), integers([0, 3, 1])),
  on(
    "cross entropy of a named batch",
    (x, t) => g.mean(g.crossEntropy(x, t)),
    named(uniform([3, 4]), ["n", 4]),
    named(integers([0, 3, 1]), ["n"]),
  ),
  on(
    "cross entropy of distant logits",
    (x, t) => g.crossEntropy(x, t),
    floats([90, -90, 100, 99], [2, 2]),
    integers([1, 0]),
  ),
  on("cross entropy with soft targets", (x, t) => g.softCrossEntropy(x, t), uniform([2, 3]), between(0.1, 0.9, [2, 3])),
];
