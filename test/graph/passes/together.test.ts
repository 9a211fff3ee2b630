/** What layers compute alike at once: other nodes, the same numbers. */
import test from "ava";
import {
  add,
  buildModel,
  constant,
  exp,
  type Graph,
  gemm,
  input,
  layerNorm,
  mul,
  sub,
  type Value,
} from "../../../src/graph/index.js";
import { together } from "../../../src/graph/passes/index.js";
import { decodeModel } from "../../../src/onnx/index.js";
import { session, tensorOf, uniform } from "../gradientError.js";

const wide = 8;
const given = ["x", "a", "b", "c", "d"].map((name) => input(name, [wide, wide]));
const [x, ...weights] = given;
const graphOf = (y: Value): Graph => ({ name: "layers", inputs: given, outputs: { y } });

const slope = (v: Value): Value => mul(v, exp(sub(-1, mul(v, v))));
const unit = (v: Value): Value => layerNorm(v, constant(new Float32Array(wide).fill(1), [wide]));
const sumOf = (values: readonly Value[]): Value => values.reduce((a, b) => add(a, b));
const hidden = weights.map((w) => gemm(x, w));

/** By what they are: a graph, and how often ops are there then. */
const cases: Readonly<Record<string, readonly [Graph, Readonly<Record<string, number>>]>> = {
  "slopes of layers": [
    graphOf(sumOf(hidden.map((h) => mul(slope(h), gemm(h, x))))),
    { Exp: 1, Sub: 1, Mul: 6, Split: 1 },
  ],
  "norms of layers": [
    graphOf(sumOf(hidden.map((h) => mul(unit(h), gemm(h, x))))),
    { LayerNormalization: 1, Concat: 1, Split: 1 },
  ],
  "layers that wait for each other": [
    graphOf(weights.reduce((v, w) => slope(gemm(v, w)), x as Value)),
    { Exp: 4, Concat: 0, Split: 0 },
  ],
};

for (const [name, [graph, ops]] of Object.entries(cases))
  test(`${name}: the same numbers`, async (t) => {
    const models = [graph, together(graph)].map(buildModel);
    const { nodes } = decodeModel(models[1]);
    for (const [op, times] of Object.entries(ops)) t.is(nodes.filter((n) => n.op === op).length, times, op);
    const feeds = Object.fromEntries(given.map((v, i) => [v.name, tensorOf(uniform([wide, wide], 1, i + 1))]));
    const [before, after] = await Promise.all(models.map(async (m) => (await (await session(m))(feeds)).y.data));
    t.deepEqual(after, before);
  });
