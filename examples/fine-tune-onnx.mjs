// @ts-check
/** Trains an ONNX model that came from elsewhere, further: node examples/fine-tune-onnx.mjs [MODEL.onnx OUT.onnx] */
import { readFile, writeFile } from "node:fs/promises";
import {
  buildModel,
  constant,
  crossEntropy,
  differentiateModel,
  input,
  matMul,
  mean,
  readModel,
  relu,
  withWeights,
} from "hcsc/graph";
import { openEngine } from "hcsc/training";

const [file, out = "trained.onnx"] = process.argv.slice(2);
const model = readModel(file ? await readFile(file) : small());
const [{ name: pixels, shape }] = model.inputs;
const [logits] = Object.values(model.outputs);

// The model with a loss, and a gradient for every weight that it stores.
const target = input("target", ["batch"], "int64");
const loss = mean(crossEntropy(logits, target));
const trainable = differentiateModel(
  { ...model, inputs: [...model.inputs, target], outputs: { loss } },
  { loss: "loss", parameters: "all" },
);

const engine = await openEngine({ provider: "cpu" });
await engine.load("training", buildModel(trainable));
const weights = Object.fromEntries(
  Object.entries(trainable.parameters).map(([name, { shape, source }]) => [
    name,
    { shape: /** @type {number[]} */ (shape), data: Float32Array.from(source.data, Number) },
  ]),
);
const names = Object.keys(weights);
const width = /** @type {number} */ (shape[1]);
const batch = 64;
for (let step = 0; step <= 100; step++) {
  // The sign of the first number is the class: put your data here.
  const x = Float32Array.from({ length: batch * width }, () => 2 * Math.random() - 1);
  const labels = BigInt64Array.from({ length: batch }, (_, i) => BigInt(x[i * width] > 0 ? 1 : 0));
  const feeds = { ...weights, [pixels]: { shape: [batch, width], data: x }, target: { shape: [batch], data: labels } };
  const result = await engine.run("training", feeds, ["loss", ...names.map((name) => `gradient/${name}`)]);
  for (const name of names) {
    const gradient = result[`gradient/${name}`].data;
    for (const i of weights[name].data.keys()) weights[name].data[i] -= 0.5 * Number(gradient[i]);
  }
  if (step % 20 === 0) console.log(`step ${step}: loss ${Number(result.loss.data[0]).toFixed(4)}`);
}
await engine.close();

// The model as it was, with the weights that it has now.
await writeFile(out, buildModel(withWeights(model, weights)));
console.log(`→ ${out}`);

/** A model that stands for one of yours: two layers, by chance. */
function small() {
  const drawn = (/** @type {string} */ name, /** @type {number[]} */ shape) =>
    constant(
      Array.from({ length: shape[0] * shape[1] }, () => 0.5 * (2 * Math.random() - 1)),
      shape,
      "float32",
      name,
    );
  const x = input("x", ["batch", 8]);
  const logits = matMul(relu(matMul(x, drawn("first", [8, 16]))), drawn("second", [16, 2]));
  return buildModel({ name: "classifier", inputs: [x], outputs: { logits } });
}
