import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { DenseArray } from "../../src/array.js";
import { decodeCheckpoint } from "../../src/ortTraining/index.js";
import type { StepMetric } from "../../src/train/index.js";
import { hcsc, withRecipe } from "../commands/cli.js";
import { assertReplays, fixtures } from "../replay/fixture.js";
import { trained } from "../train/trained.js";

const on = { backend: "ort-training", threads: 1 } as const;

for (const fixture of fixtures.filter((f) => f.startsWith("train-")))
  test(`${fixture} replays by ONNX Runtime's TrainingSession`, (t) => assertReplays(t, fixture, on, 1));

type Tensors = Readonly<Record<string, DenseArray>>;

/** Holds every tensor of float32 to within `bound` of its largest value. */
function assertNear(t: ExecutionContext, actual: Tensors, expected: Tensors, bound: number) {
  t.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, { data }] of Object.entries(expected)) {
    let [difference, size] = [0, 1e-30];
    for (const [i, value] of data.entries()) {
      difference = Math.max(difference, Math.abs(Number(value) - Number(actual[name].data[i])));
      size = Math.max(size, Math.abs(Number(value)));
    }
    t.true(difference <= bound * size, `${name}: ${difference / size}`);
  }
}

function assertLosses(t: ExecutionContext, actual: readonly StepMetric[], expected: readonly StepMetric[]) {
  t.is(actual.length, expected.length);
  for (const [i, { loss }] of expected.entries())
    t.true(Math.abs(actual[i].loss - loss) <= 1e-4 * loss, `step ${i + 1}: ${actual[i].loss} against ${loss}`);
}

/** Of seed 1: with seed 0 a choice at step 21 hangs on rounding, after which two runs of equal worth differ by ever more. */
const fifty = {
  data: "synthetic:count=80,size=8",
  changes: { seed: 1, epochs: 5, encoder: { backbone: "resnet8", imageSize: 8, dimension: 8, keySubBatches: 2 } },
};

test("fifty steps with a clustering every epoch: losses within 1e-4 of the portable backend's, parameters within 1e-3", async (t) => {
  const [portable, own] = [await trained(fifty), await trained({ ...fifty, on })];
  t.is(portable.steps.length, 50);
  assertLosses(t, own.steps, portable.steps);
  assertNear(t, own.tensors, portable.tensors, 1e-3);
});

test("stopped in the middle and resumed, the bits are those of a run that never stopped", async (t) => {
  const whole = await trained({ on });
  const { run } = await trained({ on, stopAt: 11 });
  const parts = await trained({ on, resume: run });
  t.deepEqual(parts.steps, whole.steps);
  t.deepEqual(parts.tensors, whole.tensors);
});

test("a run moves between the two backends, either way", async (t) => {
  const whole = await trained(fifty);
  for (const [first, second] of [
    [on, {}],
    [{}, on],
  ]) {
    const { run } = await trained({ ...fifty, on: first, stopAt: 25 });
    const moved = await trained({ ...fifty, on: second, resume: run });
    t.deepEqual([...Object.keys(moved.tensors)].sort(), Object.keys(whole.tensors).sort());
    assertLosses(t, moved.steps, whole.steps);
  }
});

test("build --format ort-training writes the four artifacts of both phases, and what they must be fed", async (t) => {
  const { folder, recipe } = await withRecipe();
  const { code, stderr } = await hcsc("build", recipe, "--out", folder, "--format", "ort-training");
  t.is(code, 0, stderr);
  for (const place of ["ort-training", "ort-training/warmup"]) {
    const layout = JSON.parse(await readFile(join(folder, place, "layout.json"), "utf8"));
    const checkpoint = decodeCheckpoint(await readFile(join(folder, place, "checkpoint")));
    t.deepEqual(
      layout.trainable.map((p: { name: string }) => p.name),
      [...checkpoint.trainable.keys()],
    );
    t.true([...checkpoint.frozen.keys()].some((name) => name.startsWith("key/")));
    for (const model of ["training_model", "eval_model", "optimizer_model"])
      t.true((await readFile(join(folder, place, `${model}.onnx`))).length > 100);
  }
});
