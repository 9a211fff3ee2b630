import test from "ava";
import { DataError } from "../../src/errors.js";
import { type LabelledFeatures, linearProbe, minimise, type Objective } from "../../src/eval/index.js";
import { normal, random } from "../../src/random.js";
import { logisticOn, openEngine } from "../../src/runtime/index.js";

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

const draw = random(5);
/** Points around a centre for each class. */
function blobs(count: number, classes: number, spread: number): LabelledFeatures {
  const labels = Int32Array.from({ length: count }, (_, i) => i % classes);
  const data = new Float32Array(count * 4);
  for (const [i, label] of labels.entries())
    for (let j = 0; j < 4; j++) data[4 * i + j] = (j === label ? 1 : 0) + spread * normal(draw);
  return { features: { shape: [count, 4], data }, labels };
}

/** The objective as scikit-learn documents it, in float64. */
function plain({ features, labels }: LabelledFeatures, classes: number, decay: number, x: Float64Array): number {
  const width = features.shape[1];
  let loss = 0;
  for (const [i, label] of labels.entries()) {
    const scores = Array.from({ length: classes }, (_, c) => {
      let s = x[classes * width + c];
      for (let j = 0; j < width; j++) s += x[c * width + j] * features.data[i * width + j];
      return s;
    });
    loss += Math.log(scores.reduce((a, s) => a + Math.exp(s), 0)) - scores[label];
  }
  const squares = x.subarray(0, classes * width).reduce((a, w) => a + w * w, 0);
  return loss / labels.length + (decay / 2) * squares;
}

test("the graph's objective and gradient are those of the definition", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const points = blobs(50, 3, 1);
  const f = await logisticOn(engine)(points, 3, 0.1);
  const x = Float64Array.from({ length: 15 }, () => normal(draw));
  const { value, gradient } = await f(x);
  t.true(Math.abs(value - plain(points, 3, 0.1, x)) < 1e-5);
  for (const i of x.keys()) {
    const [up, down] = [1e-5, -1e-5].map((h) => plain(points, 3, 0.1, x.with(i, x[i] + h)));
    t.true(Math.abs(gradient[i] - (up - down) / 2e-5) < 1e-5, `element ${i}`);
  }
});

test("classes apart are told apart, and the strength is chosen among those tried", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const options = { objective: logisticOn(engine), strengths: [0.01, 1, 100], seed: 0 };
  const found = await linearProbe(blobs(90, 3, 0.05), blobs(30, 3, 0.05), options);
  t.deepEqual([found.top1, found.top5], [100, 100]);
  t.deepEqual(found.confusion, [
    [10, 0, 0],
    [0, 10, 0],
    [0, 0, 10],
  ]);
  t.deepEqual(
    found.tried.map((r) => r.strength),
    [0.01, 1, 100],
  );
  t.true(found.classifier.converged);
});

test("a class that was never trained, and one class alone, are refused", async (t) => {
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const options = { objective: logisticOn(engine), strengths: [1], seed: 0 };
  const probe = (train: LabelledFeatures, held: LabelledFeatures) => linearProbe(train, held, options);
  await t.throwsAsync(probe(blobs(20, 2, 1), blobs(20, 3, 1)), {
    instanceOf: DataError,
    message: /class 2 of the test images is none of the 2/,
  });
  await t.throwsAsync(probe(blobs(20, 1, 1), blobs(20, 1, 1)), { instanceOf: DataError, message: /two classes/ });
});
