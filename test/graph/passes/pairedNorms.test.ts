/** Normalisations whose results are added, at once: fewer nodes, the same numbers. */
import test from "ava";
import {
  add,
  batchNormTrain,
  buildModel,
  differentiate,
  expandComposites,
  fewNodes,
  forDevices,
  type Graph,
  input,
  mul,
  relu,
  sum,
  type Value,
  withOutputs,
} from "../../../src/graph/index.js";
import { normsInPairs } from "../../../src/graph/passes/index.js";
import { decodeModel } from "../../../src/onnx/index.js";
import { session, tensorOf, uniform } from "../gradientError.js";

const channels = 3;
const vector = (name: string): Value => input(name, [channels]);

/** Two blocks, each with a shortcut that is normalised: what they give, the statistics, and all gradients. */
function blocks(side: number): Graph {
  const shape = [2, channels, side, side];
  const x = input("x", shape);
  const parameters = ["a", "b", "c", "d"].map((name) => [vector(`${name}/scale`), vector(`${name}/bias`)] as const);
  const statistics: Value[] = [];
  const norm = (v: Value, i: number): Value => {
    const [y, mean, variance] = batchNormTrain(v, ...parameters[i], 1e-5);
    statistics.push(mean, variance);
    return y;
  };
  const block = (v: Value, i: number): Value => relu(add(norm(mul(v, v), i), norm(mul(v, 3), i + 1)));
  const y = block(block(x, 0), 2);
  const given = [x, ...parameters.flat()];
  const gradients = differentiate(sum(mul(y, y)), given);
  const named = (kind: string, values: readonly Value[]) =>
    Object.fromEntries(values.map((v, i) => [`${kind}/${i}`, v] as const));
  return { name: "blocks", inputs: given, outputs: { y, ...named("d", gradients), ...named("s", statistics) } };
}

const expanded = (graph: Graph): Graph =>
  fewNodes(withOutputs(graph, (outputs) => expandComposites(outputs, forDevices)));
const countOf = (model: Uint8Array, op: string): number =>
  decodeModel(model).nodes.filter((node) => node.op === op).length;

test("normalisations of blocks and of their shortcuts are done at once, with their gradients", async (t) => {
  const graph = blocks(4);
  const models = [graph, normsInPairs(graph)].map((g) => buildModel(expanded(g)));
  t.deepEqual(
    models.map((m) => countOf(m, "BatchNormalization")),
    [12, 6],
  );
  const feeds = Object.fromEntries(
    graph.inputs.map((v, i) => [v.name, tensorOf(uniform(v.shape as readonly number[], 1, i + 1))]),
  );
  const [apart, atOnce] = await Promise.all(models.map(async (m) => (await session(m))(feeds)));
  for (const name of Object.keys(graph.outputs)) {
    const [a, b] = [apart[name], atOnce[name]].map((v) => Array.from(v.data as Float32Array));
    t.deepEqual(atOnce[name].dims, apart[name].dims, name);
    const off = Math.max(...a.map((v, i) => Math.abs(v - b[i]))) / Math.max(...a.map(Math.abs));
    t.true(off < 1e-6, `${name}: ${off}`);
  }
});

test("large tensors stay apart: copying them would take longer than the launches that it saves", (t) => {
  t.is(countOf(buildModel(expanded(normsInPairs(blocks(512)))), "BatchNormalization"), 12);
});
