import test, { type ExecutionContext } from "ava";
import type { DenseArray } from "../../../../src/array.js";
import type { CompileTarget } from "../../../../src/compileTarget.js";
import {
  add,
  batchNormTrain,
  conv,
  differentiate,
  type Graph,
  input,
  inputsOf,
  maxPool,
  mul,
  nativeDomain,
  relu,
  standardModel,
  sum,
  type Value,
} from "../../../../src/graph/index.js";
import { decodeModel } from "../../../../src/onnx/index.js";
import { compile } from "../../../../src/programs/index.js";
import { normal, random } from "../../../../src/random.js";
import { openEngine } from "../../../../src/runtime/index.js";

const cuda = { kind: "device", precision: "fp32", kernels: "cuda" } as const;
const next = random(5);
const gaussian = (shape: readonly number[]): DenseArray<Float32Array> => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => normal(next)),
});

const engine = await openEngine();
test.after.always(() => engine.close());

let loaded = 0;
async function outputsOf(model: Uint8Array, given: Record<string, DenseArray>, names: readonly string[]) {
  const name = `graph${loaded++}`;
  await engine.load(name, model);
  const out = await engine.run(name, given, names);
  await engine.unload(name);
  return out;
}

/** A layer with its gradients by native nodes, taken back to standard ops, is what its portable form is. @returns native ops by name */
async function sameAsPortable(t: ExecutionContext, layer: (x: Value, p: readonly Value[]) => Value, image: number[]) {
  const c = image[1];
  const x = input("x", image);
  const p = [
    input("w", [c, c, 3, 3]),
    input("scale", [c]),
    input("bias", [c]),
    input("scale2", [c]),
    input("bias2", [c]),
  ];
  const y = layer(x, p);
  const weights = input("weights", y.shape);
  const wanted = [x, ...p].filter((v) => inputsOf([y]).includes(v));
  const gradients = differentiate(sum(mul(y, weights)), wanted);
  const outputs = { y, ...Object.fromEntries(wanted.map((v, i) => [`d${v.name}`, gradients[i]])) };
  const graph: Graph = { name: "layer", inputs: inputsOf(Object.values(outputs)), outputs };
  const given = Object.fromEntries(graph.inputs.map((v) => [v.name, gaussian(v.shape as number[])]));
  const model = (target: CompileTarget) => compile(graph, target).model;
  const native = model(cuda);
  const expected = await outputsOf(model({ kind: "portable" }), given, Object.keys(outputs));
  const found = await outputsOf(standardModel(native), given, Object.keys(outputs));
  for (const [name, { data }] of Object.entries(expected)) {
    const size = Math.max(...[...data].map((v) => Math.abs(Number(v))));
    const error = Math.max(...[...data].map((v, i) => Math.abs(Number(v) - Number(found[name].data[i])))) / size;
    t.true(error < 2e-5, `${name}: ${error}`);
  }
  return decodeModel(native).nodes.map((n) => (n.domain === nativeDomain ? `native ${n.op}` : n.op));
}

const pads = [1, 1, 1, 1];
const count = (ops: readonly string[], op: string) => ops.filter((o) => o === op).length;

test("a convolution, its normalisation and its rectifier are few native nodes, forwards and backwards", async (t) => {
  const ops = await sameAsPortable(
    t,
    (x, [w, scale, bias]) => relu(batchNormTrain(conv(mul(x, 2), w, { pads }), scale, bias)[0]),
    [3, 4, 6, 5],
  );
  t.deepEqual(
    ops.filter((o) => o.startsWith("native ")).sort(),
    ["BatchNormGrad", "BatchNormalize", "BatchStatistics", "ConvGradWeight"].map((o) => `native ${o}`),
  );
  t.is(count(ops, "Relu"), 0);
});

test("large convolutions in float32, and their images' gradients, are native; small, strided and wide ones, and tf32's, are standard", (t) => {
  const ops = (target: CompileTarget, size: number, kernel = 3, strides = [1, 1]) => {
    const [x, w] = [input("x", [16, 64, size, size]), input("w", [64, 64, kernel, kernel])];
    const y = conv(x, w, { strides, pads: Array(4).fill((kernel - 1) / 2) });
    const [dx] = differentiate(sum(mul(y, y)), [x]);
    const { model } = compile({ name: "layer", inputs: inputsOf([y, dx]), outputs: { y, dx } }, target);
    return decodeModel(model).nodes.map((n) => n.op);
  };
  t.is(count(ops(cuda, 56), "Convolve"), 2);
  t.is(count(ops(cuda, 56), "Conv"), 0);
  for (const standard of [ops({ ...cuda, precision: "tf32" }, 56), ops(cuda, 28), ops(cuda, 56, 5), ops(cuda, 56, 1)]) {
    t.is(count(standard, "Convolve"), 0);
    t.is(count(standard, "Conv"), 2);
  }
  t.is(count(ops(cuda, 112, 3, [2, 2]), "Convolve"), 0);
});

test("the sum and the rectifier that end a residual block go into the normalisation", async (t) => {
  const ops = await sameAsPortable(
    t,
    (x, [w, scale, bias]) => {
      const inner = relu(x);
      return relu(add(batchNormTrain(conv(inner, w, { pads }), scale, bias)[0], inner));
    },
    [2, 4, 5, 5],
  );
  t.is(count(ops, "native BatchNormalize"), 1);
  t.is(count(ops, "native ReluGrad"), 2, "its gradient goes two ways");
  t.is(count(ops, "Relu"), 1);
});

test("of two normalised branches one takes in the other", async (t) => {
  const ops = await sameAsPortable(
    t,
    (x, [w, scale, bias, scale2, bias2]) => {
      const [a] = batchNormTrain(conv(x, w, { pads }), scale, bias);
      const [b] = batchNormTrain(x, scale2, bias2);
      return relu(add(a, b));
    },
    [2, 3, 4, 4],
  );
  t.is(count(ops, "native BatchNormalize"), 2);
  t.is(count(ops, "Relu"), 0);
  t.is(count(ops, "Add"), 1, "of the gradients of x");
});

test("a normalised value that others read too is not rectified in place", async (t) => {
  const ops = await sameAsPortable(
    t,
    (x, [, scale, bias]) => {
      const [a] = batchNormTrain(x, scale, bias);
      return add(relu(a), mul(a, 3));
    },
    [2, 3, 4, 4],
  );
  t.is(count(ops, "Relu"), 1);
});

test("pooling after a rectifier, vectors instead of maps, uneven pads: what kernels do not take stays standard", async (t) => {
  const pooled = await sameAsPortable(
    t,
    (x, [, scale, bias]) => maxPool(relu(batchNormTrain(x, scale, bias)[0]), [3, 3], { strides: [2, 2], pads }),
    [2, 3, 7, 6],
  );
  t.is(count(pooled, "native MaxPoolGrad"), 1);
  const uneven = await sameAsPortable(t, (x, [w]) => conv(x, w, { pads: [0, 1, 1, 0] }), [2, 3, 7, 6]);
  t.is(uneven.filter((o) => o.startsWith("native ")).length, 0);
});
