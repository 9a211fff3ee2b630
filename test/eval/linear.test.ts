import test from "ava";
import { logisticOn } from "../../src/engine/index.js";
import { DataError } from "../../src/errors.js";
import {
  classScores,
  type Examples,
  fitLinear,
  minimise,
  type Objective,
  precisions,
  rightShares,
  type Targets,
} from "../../src/eval/index.js";
import { normal, random } from "../../src/random.js";
import { openEngine } from "../../src/runtime/index.js";

test("L-BFGS finds the minimum of Rosenbrock's valley", async (t) => {
  const valley: Objective = async ([x, y]) => ({
    value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
    gradient: Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
  });
  const { x, converged, iterations } = await minimise(valley, Float64Array.of(-1.2, 1), { tolerance: 1e-9 });
  t.true(converged && iterations < 60);
  for (const coordinate of x) t.true(Math.abs(coordinate - 1) < 1e-8);
});

test("L-BFGS ends, not converged, where nothing lowers the value", async (t) => {
  const wrong: Objective = async ([x]) => ({ value: x, gradient: Float64Array.of(-1) });
  const { converged, iterations } = await minimise(wrong, Float64Array.of(0));
  t.deepEqual([converged, iterations], [false, 0]);
});

/** Each test draws its own: they run at the same time. */
type Draw = () => number;
type Single = Extract<Targets, { kind: "single" }>;
type Several = Extract<Targets, { kind: "several" }>;

/** Points around a centre for each class. */
function blobs(count: number, classes: number, spread: number, draw: Draw = random(5)): Examples<Single> {
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const data = new Float32Array(count * 4);
  for (const [i, label] of labels.entries())
    for (let j = 0; j < 4; j++) data[4 * i + j] = (j === label ? 1 : 0) + spread * normal(draw);
  return { features: { shape: [count, 4], data }, targets: { kind: "single", classes, labels } };
}

/** Points whose first three coordinates say which of three classes they show; some are left out. */
function marked(count: number, spread: number, draw: Draw = random(6)): Examples<Several> {
  const shown = Int8Array.from({ length: count * 3 }, () => (draw() < 0.4 ? 1 : 0));
  const data = new Float32Array(count * 4);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < 4; j++) data[4 * i + j] = (j < 3 ? shown[3 * i + j] : 0) + spread * normal(draw);
  const seen = shown.map((s) => (draw() < 0.1 ? -1 : s));
  return {
    features: { shape: [count, 4], data },
    targets: { kind: "several", classes: 3, shown: { shape: [count, 3], data: seen } },
  };
}

/** Scores of one row in float64. */
const scoresOf = ({ features, targets }: Examples, x: Float64Array, i: number): readonly number[] => {
  const width = features.shape[1];
  return Array.from({ length: targets.classes }, (_, c) => {
    let s = x[targets.classes * width + c];
    for (let j = 0; j < width; j++) s += x[c * width + j] * features.data[i * width + j];
    return s;
  });
};

/** The objective as scikit-learn documents it, in float64; of several labels, one problem a class. */
function plain(examples: Examples, decay: number, x: Float64Array): number {
  const { features, targets } = examples;
  const [count, width] = features.shape;
  let loss = 0;
  for (let i = 0; i < count; i++) {
    const scores = scoresOf(examples, x, i);
    if (targets.kind === "single")
      loss += Math.log(scores.reduce((a, s) => a + Math.exp(s), 0)) - scores[targets.labels[i]];
    else
      for (const [c, s] of scores.entries()) {
        const shown = targets.shown.data[i * targets.classes + c];
        if (shown >= 0) loss -= Math.log(1 / (1 + Math.exp(shown === 1 ? -s : s)));
      }
  }
  const squares = x.subarray(0, targets.classes * width).reduce((a, w) => a + w * w, 0);
  return loss / count + (decay / 2) * squares;
}

for (const points of [blobs(50, 3, 1), marked(40, 1)]) {
  test(`the graph's objective and gradient are those of the definition: ${points.targets.kind}`, async (t) => {
    const engine = await openEngine();
    t.teardown(() => engine.close());
    const f = await logisticOn(engine)(points, 0.1);
    const draw = random(9);
    const x = Float64Array.from({ length: 15 }, () => normal(draw));
    const { value, gradient } = await f(x);
    t.true(Math.abs(value - plain(points, 0.1, x)) < 1e-5);
    for (const i of x.keys()) {
      const [up, down] = [1e-5, -1e-5].map((h) => plain(points, 0.1, x.with(i, x[i] + h)));
      t.true(Math.abs(gradient[i] - (up - down) / 2e-5) < 1e-5, `element ${i}`);
    }
  });
}

test("classes apart are told apart, and the strength is chosen among those tried", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const options = { objective: logisticOn(engine), strengths: [0.01, 1, 100], seed: 0 };
  const { classifier, tried, converged } = await fitLinear(blobs(90, 3, 0.05), options);
  const held = blobs(30, 3, 0.05, random(7));
  const found = rightShares(classScores(classifier, held.features), held.targets.labels);
  t.deepEqual([found.top1, found.top5], [100, 100]);
  t.deepEqual(found.confusion, [
    [10, 0, 0],
    [0, 10, 0],
    [0, 0, 10],
  ]);
  t.deepEqual(
    tried.map((r) => r.strength),
    [0.01, 1, 100],
  );
  t.true(converged);
});

test("of several labels each is found, those left out of account apart", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const options = { objective: logisticOn(engine), strengths: [1, 100], seed: 0 };
  const { classifier } = await fitLinear(marked(120, 0.05), options);
  const held = marked(60, 0.05, random(8));
  const found = precisions(classScores(classifier, held.features), held.targets.shown);
  t.deepEqual([found.allPoint, found.elevenPoint, ...found.perClass], [100, 100, 100, 100, 100]);
});

test("a class that was never trained, and one class alone, are refused", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const options = { objective: logisticOn(engine), strengths: [1], seed: 0 };
  const { classifier } = await fitLinear(blobs(20, 2, 1), options);
  const held = blobs(20, 3, 1);
  t.throws(() => rightShares(classScores(classifier, held.features), held.targets.labels), {
    instanceOf: DataError,
    message: /class 2 of the test images is none of the 2/,
  });
  await t.throwsAsync(fitLinear(blobs(20, 1, 1), options), { instanceOf: DataError, message: /two classes/ });
});
