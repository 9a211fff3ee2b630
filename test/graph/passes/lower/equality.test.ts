import test, { type ExecutionContext } from "ava";
import type { DenseArray } from "../../../../src/array.js";
import type { CompileTarget } from "../../../../src/compileTarget.js";
import {
  batchNormTrain,
  conv,
  differentiate,
  type Graph,
  globalAveragePool,
  input,
  inputsOf,
  maxPool,
  mul,
  relu,
  sum,
  type Value,
} from "../../../../src/graph/index.js";
import { resnet } from "../../../../src/nn/index.js";
import { decodeModel } from "../../../../src/onnx/index.js";
import { compile, fusedStep, memoryOf, packState, results, type StepSettings } from "../../../../src/programs/index.js";
import { normal, random } from "../../../../src/random.js";
import { chooseTarget, openEngine } from "../../../../src/runtime/index.js";
import { allFeeds, fedTo, settings, startingState } from "../../../programs/smallStep.js";

const next = random(11);
const gaussian = (shape: readonly number[], mean = 0): DenseArray => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => mean + normal(next)),
});

function relativeError(a: DenseArray, b: DenseArray): number {
  let [difference, size] = [0, 1e-30];
  for (let i = 0; i < a.data.length; i++) {
    const delta = Math.abs(Number(a.data[i]) - Number(b.data[i]));
    difference = Math.max(difference, Number.isNaN(delta) ? Number.POSITIVE_INFINITY : delta);
    size = Math.max(size, Math.abs(Number(b.data[i])));
  }
  return difference / size;
}

/** The blocked target of this machine, or null where its runtime has no such kernels. */
async function blockedTarget(): Promise<CompileTarget | null> {
  const engine = await openEngine();
  const target = await chooseTarget(engine);
  await engine.close();
  return target.kind === "blocked" ? target : null;
}

/** Outputs of a graph on a target. */
async function outputsOn(t: ExecutionContext, target: CompileTarget, graph: Graph, given: Record<string, DenseArray>) {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const program = compile(graph, target);
  await engine.load("graph", program.model);
  return { program, out: await engine.run("graph", given, Object.keys(graph.outputs)) };
}

type Layer = (x: Value, w: Value, scale: Value, bias: Value) => Value;

/** The blocked and the portable form of a small layer and its gradients. */
async function compare(
  t: ExecutionContext,
  layer: Layer,
  image: readonly number[],
  filters: readonly number[],
  mean = 0,
  bound = 2e-5,
) {
  const target = await blockedTarget();
  if (!target) return t.log("skipped: this machine has no blocked kernels");
  const model = await compareOn(t, target, layer, image, filters, mean, bound);
  t.true(new TextDecoder("latin1").decode(model).includes("com.microsoft.nchwc"), "nothing was lowered");
}

/** Holds a target's form of a layer and its gradients against the portable one. @returns the target's model */
async function compareOn(
  t: ExecutionContext,
  target: CompileTarget,
  layer: Layer,
  image: readonly number[],
  filters: readonly number[],
  mean: number,
  bound: number,
): Promise<Uint8Array> {
  const [x, w, scale, bias] = [
    input("x", image),
    input("w", filters),
    input("scale", [filters[0]]),
    input("bias", [filters[0]]),
  ];
  const y = layer(x, w, scale, bias);
  const weights = input("weights", y.shape);
  const wanted = [x, w, scale, bias].filter((v) => inputsOf([y]).includes(v));
  const gradients = differentiate(sum(mul(y, weights)), wanted);
  const outputs = { y, ...Object.fromEntries(wanted.map((v, i) => [`d${v.name}`, gradients[i]])) };
  const inputs = inputsOf(Object.values(outputs));
  const given = Object.fromEntries(
    inputs.map((v) => [v.name, gaussian(v.shape as number[], v.name === "x" ? mean : 0)]),
  );
  const graph = { name: "layer", inputs, outputs };
  const portable = await outputsOn(t, { kind: "portable" }, graph, given);
  const lowered = await outputsOn(t, target, graph, given);
  t.notDeepEqual(lowered.program.model, portable.program.model);
  for (const name of Object.keys(outputs)) {
    const error = relativeError(lowered.out[name], portable.out[name]);
    t.true(error < bound, `${name}: ${error}`);
  }
  return lowered.program.model;
}

for (const [name, image, filters, stride, pad] of [
  ["3×3", [4, 32, 9, 7], [16, 32, 3, 3], 1, 1],
  ["3×3 of 16 images", [16, 16, 8, 8], [32, 16, 3, 3], 1, 1],
  ["3×3/2 of even sizes", [3, 16, 8, 6], [32, 16, 3, 3], 2, 1],
  ["3×3/2 of odd sizes", [3, 16, 9, 7], [32, 16, 3, 3], 2, 1],
  ["1×1", [2, 32, 5, 6], [16, 32, 1, 1], 1, 0],
  ["1×1/2", [2, 32, 6, 6], [16, 32, 1, 1], 2, 0],
  ["1×1 of many pixels", [2, 32, 12, 13], [48, 32, 1, 1], 1, 0],
  ["1×1/2 of many pixels", [3, 48, 24, 24], [16, 48, 1, 1], 2, 0],
  ["1×1 of many pixels of 20 images", [20, 32, 12, 11], [16, 32, 1, 1], 1, 0],
  ["3×3 of 20 images", [20, 32, 6, 5], [48, 32, 3, 3], 1, 1],
  ["3×3 stem of grey images", [4, 1, 12, 12], [16, 1, 3, 3], 1, 1],
  ["7×7/2 stem of colour images", [2, 3, 18, 18], [32, 3, 7, 7], 2, 3],
] as const) {
  test(`a ${name} convolution gives the same values and gradients in both forms`, (t) =>
    compare(
      t,
      (x, w) => mul(conv(mul(x, 1), w, { strides: [stride, stride], pads: [pad, pad, pad, pad] }), 1),
      image,
      filters,
    ));
}

for (const [name, image, filters] of [
  ["", [4, 64, 8, 7], [80, 64, 3, 3]],
  [", the last one cut", [10, 80, 7, 6], [64, 80, 3, 3]],
  [" of which there is one", [16, 64, 4, 4], [64, 64, 3, 3]],
] as const) {
  test(`a convolution by tiles of rows${name} gives the direct form's values and gradients`, async (t) => {
    const target = await blockedTarget();
    if (!target) return t.log("skipped: this machine has no blocked kernels");
    const layer: Layer = (x, w) => mul(conv(mul(x, 1), w, { pads: [1, 1, 1, 1] }), 1);
    const { nodes } = decodeModel(await compareOn(t, target, layer, image, filters, 0, 2e-5));
    const pieces = nodes.filter((n) => n.op === "Conv" && String(n.attributes.pads) === "0,1,0,1");
    t.is(pieces.length, 12, "six pieces for y and for dx");
  });
}

for (const mean of [0, 3, 100]) {
  test(`convolution, batch normalisation and ReLU agree in both forms when the images' mean is ${mean}`, (t) =>
    compare(
      t,
      (x, w, scale, bias) =>
        globalAveragePool(relu(batchNormTrain(conv(x, w, { pads: [1, 1, 1, 1] }), scale, bias)[0])),
      [4, 16, 8, 8],
      [16, 16, 3, 3],
      mean,
      mean === 100 ? 2e-3 : 2e-4,
    ));
}

for (const mean of [0, 3, 100]) {
  test(`batch normalisation of large maps agrees in the devices' form when the images' mean is ${mean}`, async (t) => {
    const layer: Layer = (x, _, scale, bias) => batchNormTrain(x, scale, bias)[0];
    await compareOn(
      t,
      { kind: "device", precision: "fp32" },
      layer,
      [2, 4, 32, 32],
      [4, 4, 1, 1],
      mean,
      mean === 100 ? 2e-3 : 2e-5,
    );
  });
}

for (const [what, size, activate] of [
  ["ReLU, of odd sizes,", [9, 9], relu],
  ["ReLU, of even sizes,", [8, 12], relu],
  ["a plain convolution, of even sizes,", [8, 12], (x: Value) => x],
] as const) {
  test(`max-pooling after ${what} agrees in both forms`, (t) =>
    compare(
      t,
      (x, w) => maxPool(activate(conv(x, w, { pads: [1, 1, 1, 1] })), [3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }),
      [2, 16, ...size],
      [16, 16, 3, 3],
    ));
}

for (const [name, stem, size, sub] of [
  ["small stem and split BatchNorm", "small", 8, 2],
  ["ImageNet stem", "imagenet", 32, 1],
] as const) {
  test(`a whole step with ${name} gives the same loss and state in both forms`, async (t) => {
    const target = await blockedTarget();
    if (!target) return t.log("skipped: this machine has no blocked kernels");
    const s: StepSettings = {
      ...settings,
      encoder: {
        backbone: resnet({ block: "basic", widths: [16, 32], blocks: [1, 1], stem }),
        channels: 1,
        imageSize: size,
        dimension: 8,
      },
      optimizer: { ...settings.optimizer, clipNorm: null },
      keySubBatches: sub,
    };
    const [start, given] = [startingState(s), allFeeds(s)];
    const run = async (form: CompileTarget) => {
      const engine = await openEngine();
      t.teardown(() => engine.close());
      await engine.write(packState(form, start));
      const program = compile(fusedStep(s, "warmup"), form);
      await engine.load("step", program.model, { state: program.state });
      const losses = [];
      for (let i = 0; i < 2; i++)
        losses.push((await engine.run("step", fedTo(program, given), [results.loss]))[results.loss]);
      return { losses, held: memoryOf(form, start).unpack(await engine.read()) };
    };
    const [portable, blocked] = [await run({ kind: "portable" }), await run(target)];
    for (const i of [0, 1]) t.true(relativeError(blocked.losses[i], portable.losses[i]) < 1e-4, `loss ${i}`);
    for (const name of Object.keys(start).filter((n) => n.startsWith("query/") || n.startsWith("key/"))) {
      const error = relativeError(blocked.held[name], portable.held[name]);
      t.true(error < 1e-3, `${name}: ${error}`);
    }
  });
}
