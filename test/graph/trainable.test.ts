import test from "ava";
import { Tensor } from "onnxruntime-node";
import { GraphError } from "../../src/errors.js";
import {
  buildModel,
  crossEntropy,
  differentiateModel,
  type Graph,
  input,
  mean,
  readModel,
} from "../../src/graph/index.js";
import { session, uniform } from "./gradientError.js";
import { file, floats, int64s, op } from "./onnxFile.js";

/**
 * A classifier as exporters write one: opset 13, a batch of any size, images padded by a mode, batch normalisation and dropout
 * in inference form, a mean whose axes are an attribute, flattening by shape arithmetic, `Gemm` with a transposed weight.
 */
const classifier = () =>
  file({
    opset: 13,
    inputs: [{ name: "pixels", dtype: "float32", shape: ["batch", 2, 6, 6] }],
    outputs: [{ name: "logits", dtype: "float32", shape: ["batch", 3] }],
    constants: [
      floats("conv.weight", [4, 2, 3, 3]),
      floats("bn.weight", [4], [1, 0.8, 1.2, 0.9]),
      floats("bn.bias", [4]),
      floats("bn.running_mean", [4]),
      floats("bn.running_var", [4], [1, 2, 0.5, 1.5]),
      floats("token", [1, 4, 1, 1]),
      floats("fc.weight", [3, 36]),
      floats("fc.bias", [3]),
      floats("scale", [], [1.5]),
      int64s("zero", [0], []),
      int64s("front", [0]),
      int64s("rest", [-1]),
    ],
    nodes: [
      op("Conv", "pixels conv.weight", "c", { auto_pad: "SAME_UPPER", strides: [1, 1], kernel_shape: [3, 3] }),
      op("BatchNormalization", "c bn.weight bn.bias bn.running_mean bn.running_var", "b"),
      op("Tanh", "b", "r"),
      op("AveragePool", "r", "p", { kernel_shape: [2, 2], strides: [2, 2] }),
      op("Add", "p token", "a"),
      op("ReduceMean", "a", "m", { axes: [1], keepdims: 1 }),
      op("Sub", "a m", "centred"),
      op("Dropout", "centred", "d"),
      op("Shape", "d", "shape"),
      op("Gather", "shape zero", "n"),
      op("Unsqueeze", "n front", "n1"),
      op("Concat", "n1 rest", "target", { axis: 0 }),
      op("Reshape", "d target", "flat"),
      op("Mul", "flat scale", "scaled"),
      op("Gemm", "scaled fc.weight fc.bias", "logits", { transB: 1 }),
    ],
  });

function withLoss(): Graph {
  const model = readModel(classifier());
  const target = input("target", ["batch"], "int64");
  const loss = mean(crossEntropy(model.outputs.logits, target));
  return { name: "classifier", inputs: [...model.inputs, target], outputs: { loss } };
}

const batch = {
  pixels: new Tensor("float32", Float32Array.from(uniform([4, 2, 6, 6], 1).data), [4, 2, 6, 6]),
  target: new Tensor("int64", BigInt64Array.of(0n, 2n, 1n, 0n), [4]),
};
const trained = ["conv.weight", "bn.weight", "bn.bias", "token", "fc.weight", "fc.bias"];

test("all float tensors become parameters, but for running statistics, scalars and integers", (t) => {
  const training = differentiateModel(withLoss(), { loss: "loss", parameters: "all" });
  t.deepEqual(Object.keys(training.parameters).sort(), [...trained].sort());
  t.deepEqual(training.inputs.map((v) => v.name).slice(0, 2), ["pixels", "target"]);
  t.deepEqual(Object.keys(training.outputs).slice(0, 1), ["loss"]);
});

test("the gradients of a model read from a file agree with central differences", async (t) => {
  const training = differentiateModel(withLoss(), { loss: "loss", parameters: [...trained, "scale"] });
  const run = await session(buildModel(training));
  const stored = Object.entries(training.parameters).map(
    ([name, c]) => [name, c.source.data as Float32Array, c.shape] as const,
  );
  const feeds = (change: (name: string, data: Float32Array) => Float32Array) => ({
    ...batch,
    ...Object.fromEntries(stored.map(([n, d, s]) => [n, new Tensor("float32", change(n, d), s as number[])])),
  });
  const first = await run(feeds((_, d) => d));
  for (const [name, data] of stored) {
    const gradient = first[`gradient/${name}`].data as Float32Array;
    const direction = Float32Array.from(uniform([data.length], 1, 11).data);
    const at = async (step: number) =>
      (await run(feeds((n, d) => (n === name ? d.map((v, i) => v + step * direction[i]) : d)))).loss.data[0] as number;
    const slope = (8 * ((await at(0.02)) - (await at(-0.02))) - ((await at(0.04)) - (await at(-0.04)))) / (12 * 0.02);
    const found = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
    t.true(Math.abs(slope - found) < 2e-3 * Math.max(0.05, Math.abs(slope)), `${name}: ${slope} ${found}`);
  }
});

test("a model read from a file learns: gradient descent brings its loss down", async (t) => {
  const training = differentiateModel(withLoss(), { loss: "loss", parameters: "all" });
  const run = await session(buildModel(training));
  const weights = new Map(
    Object.entries(training.parameters).map(([n, c]) => [n, Float32Array.from(c.source.data as Float32Array)]),
  );
  const losses: number[] = [];
  for (let step = 0; step < 30; step++) {
    const parameters = [...weights].map(([n, d]) => [
      n,
      new Tensor("float32", d, training.parameters[n].shape as number[]),
    ]);
    const out = await run({ ...batch, ...Object.fromEntries(parameters) });
    losses.push(out.loss.data[0] as number);
    for (const [n, d] of weights) {
      const g = out[`gradient/${n}`].data as Float32Array;
      for (let i = 0; i < d.length; i++) d[i] -= 0.2 * g[i];
    }
  }
  t.true(losses[29] < 0.3 * losses[0], `${losses[0]} to ${losses[29]}`);
});

test("the model file itself takes the batch of any size that the trainable graph takes", async (t) => {
  const training = differentiateModel(withLoss(), { loss: "loss", parameters: ["fc.bias"] });
  const run = await session(buildModel(training));
  const bias = new Tensor("float32", new Float32Array(3), [3]);
  for (const n of [1, 3]) {
    const pixels = new Tensor("float32", new Float32Array(n * 72), [n, 2, 6, 6]);
    const target = new Tensor("int64", new BigInt64Array(n), [n]);
    t.deepEqual((await run({ pixels, target, "fc.bias": bias }))["gradient/fc.bias"].dims, [3]);
  }
});

test("a wrong loss or parameter is named with what there is", (t) => {
  const graph = withLoss();
  const call = (loss: string, parameters: readonly string[]) => () => differentiateModel(graph, { loss, parameters });
  t.throws(call("cost", []), { instanceOf: GraphError, message: /has no output cost; it has loss/ });
  t.throws(call("loss", ["fc"]), { instanceOf: GraphError, message: /stores no tensor fc; it stores .*fc\.weight/ });
  t.throws(call("loss", ["rest"]), { instanceOf: GraphError });
});

test("a model whose parameter feeds a comparison only says why it cannot train", (t) => {
  const bytes = file({
    inputs: [{ name: "x", dtype: "float32", shape: [2] }],
    outputs: [{ name: "y", dtype: "float32", shape: [2] }],
    constants: [floats("w", [2])],
    nodes: [op("Greater", "x w", "b"), op("Cast", "b", "y", { to: 1 })],
  });
  t.throws(() => differentiateModel(readModel(bytes), { loss: "y", parameters: ["w"] }), {
    instanceOf: GraphError,
    message: "no gradient reaches w: float32[2]: Greater: its output is boolean",
  });
});
