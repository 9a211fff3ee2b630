/** Gradients of layer normalisations before products, of all layers at once: other nodes, the same gradients. */
import test from "ava";
import {
  add,
  buildModel,
  differentiate,
  exp,
  type Graph,
  gemm,
  input,
  layerNorm,
  mul,
  sum,
} from "../../../src/graph/index.js";
import { normsAtOnce } from "../../../src/graph/passes/index.js";
import { decodeModel } from "../../../src/onnx/index.js";
import { session, tensorOf, uniform } from "../gradientError.js";

const [tokens, wide] = [6, 8];

/** Layers x + e^(α·norm(x)·Wᵀ + β·b)·V of several widths, and their gradients. */
function layers(depth: number): Graph {
  const x = input("x", [tokens, wide]);
  const parameters = Array.from({ length: depth }, (_, l) => {
    const [name, hidden] = [`layer${10 + l}`, 4 + (l % 3)];
    const of = (kind: string, shape: readonly number[]) => input(`${name}/${kind}`, shape);
    return {
      scale: of("scale", [wide]),
      shift: of("shift", [wide]),
      weight: of("weight", [hidden, wide]),
      bias: of("bias", [hidden]),
      after: of("after", [hidden, wide]),
      factor: l % 2 === 0 ? 0.5 : 1,
    };
  });
  const y = parameters.reduce((z, { scale, shift, weight, bias, after, factor }) => {
    const product = gemm(layerNorm(z, scale, shift), weight, bias, { transB: true, alpha: factor, beta: factor });
    return add(z, gemm(exp(product), after));
  }, x);
  const given = parameters.flatMap(({ scale, shift, weight, bias, after }) => [scale, shift, weight, bias, after]);
  const gradients = differentiate(sum(mul(y, y)), given);
  return {
    name: "layers",
    inputs: [x, ...given],
    outputs: Object.fromEntries(gradients.map((g, i) => [`d/${given[i].name}`, g])),
  };
}

test("gradients of the norms of many layers from few sums of weights are those of each", async (t) => {
  const graph = layers(13);
  const models = [graph, normsAtOnce(graph)].map(buildModel);
  const [before, after] = models.map((m) => decodeModel(m).nodes.length);
  t.true(after < before, `${after} nodes, ${before} before`);
  const feeds = Object.fromEntries(
    graph.inputs.map((v, i) => [v.name, tensorOf(uniform(v.shape as readonly number[], 0.5, i + 1))]),
  );
  const [apart, atOnce] = await Promise.all(models.map(async (m) => (await session(m))(feeds)));
  for (const name of Object.keys(graph.outputs)) {
    const [a, b] = [apart[name], atOnce[name]].map((v) => Array.from(v.data as Float32Array));
    t.deepEqual(atOnce[name].dims, apart[name].dims);
    const size = Math.max(...a.map(Math.abs));
    const off = Math.max(...a.map((x, i) => Math.abs(x - b[i]))) / size;
    t.true(off < 2e-6, `${name}: ${off}`);
  }
});

test("few layers stay as they are", (t) => {
  const graph = layers(3);
  t.is(normsAtOnce(graph).outputs["d/layer10/weight"], graph.outputs["d/layer10/weight"]);
});
