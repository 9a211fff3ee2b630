/** The passes that make nodes fewer: what they leave, and the same numbers. */
import test from "ava";
import {
  add,
  buildModel,
  concat,
  fewNodes,
  type Graph,
  gemm,
  input,
  inputsOf,
  mul,
  split,
  type Value,
} from "../../../src/graph/index.js";
import { decodeModel } from "../../../src/onnx/index.js";
import { type PixelStatistics, pixelsModel } from "../../../src/programs/index.js";
import { imageInput } from "../../../src/programs/pixels.js";
import { openEngine } from "../../../src/runtime/index.js";
import { session, tensorOf, uniform } from "../gradientError.js";

const [rows, wide] = [4, 6];
const [x, a, b] = ["x", "a", "b"].map((name) => input(name, [rows, wide]));
const w = input("w", [rows, rows]);
const pieces = split(x, [1, 2, 2, 1], 1);
const graphOf = (outputs: Readonly<Record<string, Value>>): Graph => ({
  name: "graph",
  inputs: inputsOf(Object.values(outputs)),
  outputs,
});

/** By what they are: outputs, and how often ops are there then. */
const cases: Readonly<Record<string, readonly [Readonly<Record<string, Value>>, Readonly<Record<string, number>>]>> = {
  "all pieces joined again are the whole": [{ y: mul(concat(pieces, 1), a) }, { Split: 0, Concat: 0 }],
  "all pieces among others are the whole": [{ y: concat([a, ...pieces, b], 1) }, { Split: 0, Concat: 1 }],
  "neighbours that are joined are one piece": [
    { y: concat(pieces.slice(1, 3), 1), first: mul(pieces[0], 2), last: mul(pieces[3], 3) },
    { Split: 1, Concat: 0 },
  ],
  "pieces in another order stay as they are": [{ y: concat([...pieces].reverse(), 1) }, { Split: 1, Concat: 1 }],
  "a piece that is read by itself stays one": [
    { y: concat(pieces.slice(1, 3), 1), own: mul(pieces[1], 2) },
    { Split: 1, Concat: 1 },
  ],
  "a product adds what is added to it": [
    { y: add(gemm(w, x), a), z: add(b, gemm(w, a)) },
    { Gemm: 2, Add: 0 },
  ],
  "a product that is read by itself does not": [
    { y: add(gemm(w, x), a), z: mul(gemm(w, x), 2) },
    { Gemm: 1, Add: 1 },
  ],
};

for (const [name, [outputs, ops]] of Object.entries(cases))
  test(`${name}: the same numbers`, async (t) => {
    const graph = graphOf(outputs);
    const models = [graph, fewNodes(graph)].map(buildModel);
    const { nodes } = decodeModel(models[1]);
    for (const [op, times] of Object.entries(ops)) t.is(nodes.filter((n) => n.op === op).length, times, op);
    const feeds = Object.fromEntries(
      graph.inputs.map((v, i) => [v.name, tensorOf(uniform(v.shape as readonly number[], 1, i + 1))]),
    );
    const [before, after] = await Promise.all(models.map(async (m) => (await session(m))(feeds)));
    for (const y of Object.keys(outputs)) {
      t.deepEqual(after[y].dims, before[y].dims);
      for (const [i, v] of Array.from(before[y].data as Float32Array).entries())
        t.true(Math.abs(v - Number(after[y].data[i])) <= 1e-6, `${y}[${i}]`);
    }
  });

const statistics: readonly PixelStatistics[] = [
  { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  { mean: [0.286], std: [0.353] },
];

for (const s of statistics)
  test(`pixels of ${s.mean.length} channels are normalised by a table: the same bits`, async (t) => {
    const shape = [2, s.mean.length, 16, 16];
    const made = fewNodes(graphOf({ normalized: imageInput("pixels", shape, s) }));
    const table = buildModel(made);
    t.deepEqual(
      decodeModel(table).nodes.map(({ op }) => op),
      s.mean.length > 1 ? ["Cast", "Add", "Gather"] : ["Cast", "Gather"],
    );
    const engine = await openEngine({ provider: "cpu" });
    t.teardown(() => engine.close());
    const size = shape.reduce((p, d) => p * d);
    const pixels = { shape, data: Uint8Array.from({ length: size }, (_, i) => i % 256) };
    const found = [];
    for (const [name, model] of Object.entries({ table, plain: pixelsModel(s) })) {
      await engine.load(name, model);
      found.push((await engine.run(name, { pixels }, ["normalized"])).normalized);
    }
    t.deepEqual(found[0], found[1]);
  });
