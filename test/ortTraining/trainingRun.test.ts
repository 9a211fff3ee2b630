import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { DenseArray } from "../../src/array.js";
import { CheckpointError, ProviderError } from "../../src/errors.js";
import { describeModel, differentiateModel, gather, input, mean, mul, readModel, sub } from "../../src/graph/index.js";
import { encodeModel, type ModelContent } from "../../src/onnx/index.js";
import {
  checkpointOf,
  encodeCheckpoint,
  type TrainingModule,
  TrainingRun,
  trainingArtifacts,
  watchMemory,
} from "../../src/ortTraining/index.js";

const require = createRequire(import.meta.url);
const { explain, stop } = watchMemory();
const ort = require(
  join(dirname(require.resolve("onnxruntime-training-web")), "ort.training.wasm.js"),
) as TrainingModule & {
  env: { wasm: { numThreads: number } };
};
ort.env.wasm.numThreads = 1;

const vector = (...x: number[]): DenseArray<Float32Array> => ({ shape: [x.length], data: Float32Array.from(x) });

/** loss = mean (w[ids] · x − y)², w ← w − rate · gradient. */
function lookup(): ModelContent {
  const [w, ids, y, rate] = [input("w", [3]), input("ids", [2], "int64"), input("y", [2]), input("rate", [])];
  const error = sub(gather(w, ids), y);
  const loss = mean(mul(error, error));
  const graph = { name: "lookup", inputs: [w, ids, y, rate], outputs: { loss, moved: mul(w, sub(1, rate)) } };
  return describeModel(graph);
}

const start = (
  t: ExecutionContext,
  content: ModelContent,
  state: Record<string, string>,
  weights: Record<string, DenseArray>,
) =>
  TrainingRun.create(
    ort,
    trainingArtifacts(content, state, () => true),
    weights,
    explain,
  ).then((run) => {
    t.teardown(() => run.release());
    return run;
  });

const given = (ids: bigint[]) => ({
  ids: { shape: [2], data: BigInt64Array.from(ids) },
  y: vector(0, 0),
  rate: { shape: [], data: Float32Array.of(0.5) },
});

test.serial("a step returns its outputs, moves its parameters, and they can be read and written", async (t) => {
  const run = await start(t, lookup(), { w: "moved" }, { w: vector(2, 4, 8) });
  stop();
  const { loss } = await run.step(given([0n, 1n]));
  t.is(loss.data[0] as number, 10);
  t.deepEqual(await run.read(), { w: vector(1, 2, 4) });
  await run.write({ w: vector(5, 6, 7) });
  t.deepEqual(await run.read(), { w: vector(5, 6, 7) });
  t.is((await run.step(given([2n, 2n]))).loss.data[0] as number, 49);
});

test.serial("the evaluation graph gives the loss and moves nothing", async (t) => {
  const artifacts = trainingArtifacts(lookup(), { w: "moved" }, () => true);
  const checkpointState = encodeCheckpoint(checkpointOf(artifacts.layout, { w: vector(2, 4, 8) }));
  const session = await ort.TrainingSession.create(
    {
      checkpointState,
      trainModel: artifacts.training,
      evalModel: artifacts.evaluation,
      optimizerModel: artifacts.optimizer,
    },
    { logSeverityLevel: 3 },
  );
  t.teardown(() => session.release());
  const fed: Record<string, DenseArray> = given([0n, 1n]);
  const feeds = session.evalInputNames.map((name) => {
    const { shape, data } = fed[name];
    const dtype = data instanceof BigInt64Array ? "int64" : "float32";
    return [name, new ort.Tensor(dtype as "float32", data as Float32Array, shape)] as const;
  });
  const { loss } = await session.runEvalStep(Object.fromEntries(feeds));
  t.is(loss.data[0] as number, 10);
  t.deepEqual([...((await session.getContiguousParameters(false)).data as Float32Array)], [2, 4, 8]);
});

test.serial("the numbers that the runtime throws come back as its words", async (t) => {
  const run = await start(t, lookup(), { w: "moved" }, { w: vector(2, 4, 8) });
  await t.throwsAsync(run.step(given([0n, 9n])), {
    instanceOf: ProviderError,
    message: /program lookup failed in training: .*(indices|out of).*9/s,
  });
});

test.serial("state that does not fit the artifacts is named before the runtime sees it", async (t) => {
  await t.throwsAsync(start(t, lookup(), { w: "moved" }, {}), {
    instanceOf: CheckpointError,
    message: /program lookup trains w \[3\], which the state lacks/,
  });
  await t.throwsAsync(start(t, lookup(), { w: "moved" }, { w: vector(1) }), {
    instanceOf: CheckpointError,
    message: /w is \[1\], and program lookup trains it as float32 \[3\]/,
  });
});

/** A model as some exporter writes it: y = x·W + b, and its loss against `target`. */
function exported(): Uint8Array {
  const node = (op: string, inputs: string[], output: string) => ({
    name: output,
    op,
    domain: "",
    inputs,
    outputs: [output],
    attributes: {},
  });
  return encodeModel({
    name: "linear",
    inputs: [
      { name: "x", dtype: "float32", shape: [4, 2] },
      { name: "target", dtype: "float32", shape: [4, 1] },
    ],
    outputs: [{ name: "loss", dtype: "float32", shape: [] }],
    constants: [
      { name: "fc.weight", dtype: "float32", shape: [2, 1], data: Float32Array.of(0, 0) },
      { name: "fc.bias", dtype: "float32", shape: [1], data: Float32Array.of(0) },
      { name: "none", dtype: "int64", shape: [2], data: BigInt64Array.of(0n, 1n) },
    ],
    nodes: [
      node("MatMul", ["x", "fc.weight"], "product"),
      node("Add", ["product", "fc.bias"], "y"),
      node("Sub", ["y", "target"], "error"),
      node("Mul", ["error", "error"], "squares"),
      { ...node("ReduceMean", ["squares", "none"], "loss"), attributes: { keepdims: 0 } },
    ],
  });
}

test.serial("someone else's ONNX file, differentiated here, trains by TrainingSession", async (t) => {
  const trainable = differentiateModel(readModel(exported()), { loss: "loss", parameters: "all" });
  const parameters = trainable.inputs.filter((v) => v.name in trainable.parameters);
  const rate = input("rate", []);
  const next = Object.fromEntries(
    parameters.map((p) => [`next/${p.name}`, sub(p, mul(rate, trainable.outputs[`gradient/${p.name}`]))]),
  );
  const { loss } = trainable.outputs;
  const content = describeModel({ name: "linear", inputs: [...trainable.inputs, rate], outputs: { loss, ...next } });
  const state = { "fc.weight": "next/fc.weight", "fc.bias": "next/fc.bias" };
  const run = await start(t, content, state, {
    "fc.weight": { shape: [2, 1], data: new Float32Array(2) },
    "fc.bias": vector(0),
  });
  // target = 2·x₀ − x₁ + 0.5
  const x = { shape: [4, 2], data: Float32Array.of(1, 0, 0, 1, 1, 1, -1, 2) };
  const target = { shape: [4, 1], data: Float32Array.of(2.5, -0.5, 1.5, -3.5) };
  let last = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 400; i++)
    last = Number((await run.step({ x, target, rate: { shape: [], data: Float32Array.of(0.2) } })).loss.data[0]);
  t.true(last < 1e-6, `loss ${last}`);
  const learnt = await run.read();
  for (const [i, wanted] of [2, -1].entries()) t.true(Math.abs(learnt["fc.weight"].data[i] - wanted) < 1e-2);
  t.true(Math.abs(learnt["fc.bias"].data[0] - 0.5) < 1e-2);
});
