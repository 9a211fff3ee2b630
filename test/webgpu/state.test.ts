import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { DenseArray } from "../../src/array.js";
import type { Placement } from "../../src/engine/index.js";
import { add, apply, buildModel, identity, input, matMul, mul, sum } from "../../src/graph/index.js";
import { compile, fusedStep, packState, results, state } from "../../src/programs/index.js";
import { chooseTarget } from "../../src/runtime/index.js";
import { allFeeds, fedTo, scalar, settings, startingState } from "../programs/smallStep.js";
import { deviceEngine, deviceTest } from "./device.js";

const bytesOf = (arrays: Readonly<Record<string, DenseArray>>): number =>
  Object.values(arrays).reduce((bytes, { data }) => bytes + data.byteLength, 0);

/** w ← w + d and its sum. */
function updateModel(size: number): Uint8Array {
  const [w, d] = [input("w", [size]), input("d", [])];
  return buildModel({ name: "update", inputs: [w, d], outputs: { total: sum(w), next: add(w, d) } });
}

deviceTest("a training step runs wholly on the device; only its feeds go in and its scalars come out", async (t) => {
  const placed: Placement[] = [];
  const engine = await deviceEngine(t, { onPlaced: (p) => placed.push(p) });
  const target = await chooseTarget(engine);
  const program = compile(fusedStep(settings, "selective"), target);
  await engine.load(program.name, program.model, { state: program.state });
  t.deepEqual(placed, [{ program: "step", elsewhere: {}, heavyElsewhere: false }]);
  const start = startingState(settings);
  const { [state.queue]: queue } = start;
  await engine.write({
    ...packState(target, start),
    [state.queueNormalizer]: { shape: [settings.queue, 2], data: new Float32Array(settings.queue * 2) },
    [state.prototypeNormalizer(0)]: { shape: [settings.clusters[0]], data: new Float32Array(settings.clusters[0]) },
  });
  const fed = fedTo(program, allFeeds(settings));
  for (let step = 0; step < 3; step++) {
    const before = await engine.traffic();
    const out = await engine.run(program.name, fed, [results.loss, results.gradientNorm]);
    const after = await engine.traffic();
    t.is(after.toDevice - before.toDevice, bytesOf(fed));
    // What the trainer does not ask for stays on the device: nothing but two scalars of four bytes.
    t.is(after.fromDevice - before.fromDevice, 8);
    t.true(Number.isFinite(Number(out[results.loss].data[0])));
  }
  const moved = await engine.traffic();
  const read = await engine.read([state.queue]);
  t.is((await engine.traffic()).fromDevice - moved.fromDevice, queue.data.byteLength);
  t.deepEqual(read[state.queue].shape, queue.shape);
});

deviceTest(
  "state survives the programs that made it, is shared by others, and outputs may be read as well as kept",
  async (t) => {
    const engine = await deviceEngine(t);
    const start = { shape: [3], data: Float32Array.of(1, 2, 3) };
    await engine.write({ w: start, ids: { shape: [2], data: BigInt64Array.of(7n, -1n) } });
    for (let turn = 0; turn < 3; turn++) {
      await engine.load("update", updateModel(3), { state: { w: "next", copy: "next" } });
      const out = await engine.run("update", { d: scalar(1) }, ["next", "total"]);
      t.deepEqual(Array.from(out.next.data, Number), [2 + turn, 3 + turn, 4 + turn]);
      await engine.unload("update");
    }
    const { w, copy, ids } = await engine.read();
    t.deepEqual([w.data, copy.data, ids.data], [Float32Array.of(4, 5, 6), w.data, BigInt64Array.of(7n, -1n)]);
    const x = input("w", [3]);
    await engine.load("double", buildModel({ name: "double", inputs: [x], outputs: { y: mul(x, 2) } }));
    t.deepEqual((await engine.run("double", {}, ["y"])).y.data, Float32Array.of(8, 10, 12));
  },
);

deviceTest("recorded steps give the bits of launched ones, whoever writes the state between", async (t) => {
  const ends = [];
  for (const capture of [false, true]) {
    const warnings: string[] = [];
    const engine = await deviceEngine(t, { capture, onWarning: (message) => warnings.push(message) });
    const [w, d] = [input("w", [3]), input("d", [])];
    const outputs = { next: mul(add(w, d), 0.5), total: sum(w) };
    const model = buildModel({ name: "update", inputs: [w, d], outputs });
    await engine.load("update", model, { state: { w: "next" }, captured: true });
    const totals: number[] = [];
    for (let i = 0; i < 12; i++) {
      if (i % 5 === 0) await engine.write({ w: { shape: [3], data: Float32Array.of(i, 1, 2) } });
      if (i === 7) await engine.drop(["w"]);
      if (i === 7) await engine.write({ w: { shape: [3], data: Float32Array.of(7, 8, 9) } });
      totals.push(Number((await engine.run("update", { d: scalar(i) }, ["total"])).total.data[0]));
    }
    t.deepEqual(warnings, []);
    ends.push({ totals, state: await engine.read() });
  }
  t.deepEqual(ends[1], ends[0]);
});

deviceTest("nodes without a kernel on the device are named with the provider that ran them", async (t) => {
  const placed: Placement[] = [];
  const engine = await deviceEngine(t, { onPlaced: (p) => placed.push(p) });
  const x = input("x", [2, 2]);
  const y = apply("LogSoftmax", [matMul(x, x)], { axis: -1 });
  await engine.load("scores", buildModel({ name: "scores", inputs: [x], outputs: { y: identity(y) } }));
  await engine.run("scores", { x: { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) } }, ["y"]);
  t.deepEqual(placed, [
    { program: "scores", elsewhere: { CPUExecutionProvider: { LogSoftmax: 1 } }, heavyElsewhere: false },
  ]);
});

/** A process of its own: steps on a state of 4 MB, memory at 200 steps and at the end. */
const leakScript = `
import { openEngine } from "./build/src/runtime/index.js";
const engine = await openEngine({ provider: "webgpu" });
await engine.write({ w: { shape: [1 << 20], data: new Float32Array(1 << 20) } });
await engine.load("update", Buffer.from(process.argv[1], "base64"), { state: { w: "next" } });
const d = { shape: [], data: Float32Array.of(1) };
const sizes = [];
for (let i = 1; i <= 1000; i++) {
  await engine.run("update", { d }, ["total"]);
  if (i % 200 === 0) sizes.push(process.memoryUsage.rss());
}
const { w } = await engine.read(["w"]);
console.log(JSON.stringify({ sizes, last: w.data[0] }));
`;

deviceTest("1,000 steps hold memory steady, and the process ends by itself with code 0", async (t) => {
  const model = Buffer.from(updateModel(1 << 20)).toString("base64");
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", leakScript, model]);
  const { stdout } = await run; // rejects unless the code is 0
  const { sizes, last } = JSON.parse(stdout) as { sizes: number[]; last: number };
  t.is(last, 1000);
  const [early, late] = [sizes[0], sizes[sizes.length - 1]];
  t.true(late - early < 50e6, `${early} bytes at 200 steps, ${late} at 1,000`);
});
