import test from "ava";
import type { CompileTarget } from "../../src/compileTarget.js";
import {
  buildModel,
  input,
  matMul,
  mul,
  relu,
  reshape,
  sub,
  sum,
  transpose,
  type Value,
} from "../../src/graph/index.js";
import { decodeModel } from "../../src/onnx/index.js";
import {
  compile,
  fusedStep,
  isTrainable,
  overwritable,
  packState,
  prepareProgram,
  results,
} from "../../src/programs/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { allFeeds, fedTo, scalar, settings, startingState } from "./smallStep.js";

const [w, d] = [input("w", [2, 2]), input("d", [])];

const graphOf = (outputs: Readonly<Record<string, Value>>): Uint8Array =>
  buildModel({ name: "m", inputs: [w, d], outputs });
const safe = (outputs: Readonly<Record<string, Value>>): boolean =>
  overwritable(decodeModel(graphOf(outputs)), { w: "next" }).includes("w");

for (const [what, outputs, expected] of [
  ["a pointwise update", { next: sub(w, d) }, true],
  ["an update from what else read it", { next: sub(w, mul(relu(w), d)) }, true],
  ["an update that does not read it, from what did", { next: relu(matMul(w, w)) }, true],
  ["a reader that the writer does not need", { next: sub(w, d), total: sum(w) }, false],
  ["a reader through a reshape", { next: sub(w, d), total: sum(reshape(w, [4])) }, false],
  ["a reader of the update, not of the old value", { total: sum(sub(w, d)), next: sub(w, d) }, true],
  ["a product of itself", { next: matMul(w, w) }, false],
  ["a product under a reshape that may be left out", { next: reshape(matMul(reshape(w, [2, 2]), w), [2, 2]) }, false],
  ["another reader behind the reshape of a writer", { next: reshape(sub(w, d), [2, 2]), total: sum(w) }, false],
] as const) {
  test(`${what} ${expected ? "may" : "may not"} be written over what is read`, (t) => {
    t.is(safe(outputs), expected);
  });
}

test("what is not safe gives wrong numbers when it is written over all the same", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const n = 64;
  const square = input("square", [n, n]);
  const model = buildModel({ name: "m", inputs: [square], outputs: { next: transpose(square, [1, 0]) } });
  t.deepEqual(overwritable(decodeModel(model), { square: "next" }), []);
  const start = { shape: [n, n], data: Float32Array.from({ length: n * n }, (_, i) => i) };
  const right = start.data.map((_, i) => start.data[(i % n) * n + Math.floor(i / n)]);
  for (const [overwritten, isRight] of [
    [[], true],
    [["square"], false],
  ] as const) {
    await engine.load("m", model, { state: { square: "next" }, overwritten });
    await engine.write({ square: start });
    await engine.run("m", {}, []);
    const { square: end } = await engine.read();
    t.is(String(end.data) === String(right), isRight);
    await engine.unload("m");
  }
});

for (const kind of ["portable", "as the CPU likes it"] as const)
  test(`steps over their state, ${kind}, give the bits of steps beside it`, async (t) => {
    const ends = [];
    const start = startingState(settings);
    const feeds = [0.1, 0.05, 0.2].map((rate) => ({ ...allFeeds(settings), learningRate: scalar(rate) }));
    for (const inPlace of [false, true]) {
      const engine = await openEngine();
      t.teardown(() => engine.close());
      const target: CompileTarget = kind === "portable" ? { kind } : await chooseTarget(engine);
      const step = compile(fusedStep(settings, "selective"), target);
      for (const name of Object.keys(step.state).filter(isTrainable)) t.true(step.overwritten.includes(name), name);
      await engine.write(packState(target, start));
      const prepare = prepareProgram(settings, target);
      await engine.load(prepare.name, prepare.model, prepare);
      await engine.run(prepare.name, {}, []);
      await engine.load(step.name, step.model, inPlace ? step : { state: step.state, fused: step.fused });
      const losses = [];
      for (const fed of feeds)
        losses.push((await engine.run(step.name, fedTo(step, fed), [results.loss]))[results.loss].data[0]);
      ends.push({ losses, state: await engine.read() });
    }
    t.deepEqual(ends[1], ends[0]);
  });
