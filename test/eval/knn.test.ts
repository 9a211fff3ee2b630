import test from "ava";
import fc from "fast-check";
import { knnClassify, nearestNeighbours, plainMostSimilar } from "../../src/eval/index.js";
import { permutation, random } from "../../src/random.js";
import { readFixture } from "../cluster/fixture.js";
import { matrixOf, unitMixture } from "../cluster/points.js";

const mostSimilar = plainMostSimilar;

for (const [name, blocks] of [
  ["one block", {}],
  ["small blocks", { queryBlock: 40, candidateBlock: 70 }],
] as const) {
  test(`kNN reproduces eval-knn in ${name}`, async (t) => {
    const fixture = readFixture("eval-knn");
    const k = fixture.config.k as number[];
    const found = await knnClassify(
      { features: fixture.matrix("trainFeatures"), labels: fixture.ids("trainLabels") },
      { features: fixture.matrix("testFeatures"), labels: fixture.ids("testLabels") },
      { k, temperature: Number(fixture.config.temperature), mostSimilar, ...blocks },
    );
    for (const [i, result] of found.entries()) {
      t.is(result.k, k[i]);
      t.true(Math.abs(result.top1 - fixture.numbers("out.top1")[i]) < 1e-3);
      t.true(Math.abs(result.top5 - fixture.numbers("out.top5")[i]) < 1e-3);
      t.deepEqual(result.predictions, fixture.ids(`out.prediction_k${result.k}`));
    }
  });
}

test("blocks of any size give the neighbours of one block", async (t) => {
  const cases = fc.record({
    seed: fc.nat(),
    rows: fc.integer({ min: 1, max: 20 }),
    available: fc.integer({ min: 1, max: 50 }),
    queryBlock: fc.integer({ min: 1, max: 9 }),
    candidateBlock: fc.integer({ min: 1, max: 60 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ seed, rows, available, queryBlock, candidateBlock }) => {
      const queries = unitMixture(rows, 3, 4, 0.5, seed);
      const candidates = unitMixture(available, 3, 4, 0.5, seed + 1);
      const count = 1 + (seed % available);
      const whole = await plainMostSimilar(queries, candidates, count);
      const found = await nearestNeighbours(queries, candidates, count, { mostSimilar, queryBlock, candidateBlock });
      return whole.ids.join() === found.ids.join() && whole.similarity.join() === found.similarity.join();
    }),
    { numRuns: 50 },
  );
  t.pass();
});

test("permuting the training rows leaves predictions", async (t) => {
  const features = unitMixture(80, 5, 6, 0.4, 1);
  const labels = Int32Array.from({ length: 80 }, (_, i) => i % 4);
  const order = permutation(80, random(3));
  const shuffled = matrixOf(Array.from(order, (i) => [...features.data.subarray(i * 5, i * 5 + 5)]));
  const queries = { features: unitMixture(20, 5, 6, 0.4, 2), labels: new Int32Array(20) };
  const options = { k: [1, 7, 80], mostSimilar };
  const one = await knnClassify({ features, labels }, queries, options);
  const other = await knnClassify({ features: shuffled, labels: order.map((i) => labels[i]) }, queries, options);
  t.deepEqual(one, other);
});

test("a tiny temperature does not overflow and follows the nearest", async (t) => {
  const train = {
    features: matrixOf([
      [1, 0],
      [0.8, 0.6],
      [0.8, 0.6],
    ]),
    labels: Int32Array.from([2, 1, 1]),
  };
  const [result] = await knnClassify(
    train,
    { features: matrixOf([[1, 0]]), labels: Int32Array.from([2]) },
    {
      k: [3],
      temperature: 1e-4,
      mostSimilar,
    },
  );
  t.deepEqual([...result.predictions], [2]);
  t.is(result.top1, 100);
});

test("wrong arguments are named", async (t) => {
  const rows = { features: unitMixture(5, 3, 2, 0.4, 1), labels: new Int32Array(5) };
  await t.throwsAsync(knnClassify(rows, rows, { k: [6], mostSimilar }), {
    name: "UsageError",
    message: /6 asked for among 5/,
  });
  await t.throwsAsync(knnClassify({ ...rows, labels: new Int32Array(4) }, rows, { k: [1], mostSimilar }), {
    name: "DataError",
    message: /5 training features and 4 labels/,
  });
});
