import test from "ava";
import type { Matrix } from "../../src/array.js";
import { plainNearest } from "../../src/cluster/index.js";
import { type Engine, nearestCentroidOn, similarityOn } from "../../src/engine/index.js";
import { ShapeError } from "../../src/errors.js";
import { nearestNeighbours, plainMostSimilar } from "../../src/eval/index.js";
import { openEngine } from "../../src/runtime/index.js";

let engine: Engine;
test.before(async () => {
  engine = await openEngine();
});
test.after.always(() => engine?.close());

/** Reproducible numbers in −1..1. */
function matrix(rows: number, width: number, seed: number): Matrix {
  let state = seed >>> 0;
  const data = Float32Array.from({ length: rows * width }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return { shape: [rows, width], data };
}

for (const [points, centroids, width, every] of [
  [1, 1, 3, null],
  [10, 2, 5, null],
  [5000, 37, 16, null],
  [20_000, 37, 16, 2],
  [100, 50, 64, 3],
  [120_000, 3, 1, null],
  [3000, 300, 33, 7],
] as const) {
  test(`nearest of ${centroids} centroids, ${points} points × ${width}${every ? `, each ${every}th` : ""}: as in typed arrays`, async (t) => {
    const x = matrix(points, width, 1);
    const c = matrix(centroids, width, 2);
    const rows = every ? Int32Array.from({ length: Math.ceil(points / every) }, (_, i) => i * every) : undefined;
    const nearest = await nearestCentroidOn(engine);
    const [found, expected] = await Promise.all([nearest(x, c, rows), plainNearest(x, c, rows)]);
    t.is(found.owner.length, rows?.length ?? points);
    const differing = found.owner.filter((owner, i) => owner !== expected.owner[i]).length;
    t.true(differing <= points / 2000, `${differing} owners differ: more than near ties explain`);
    const second = found.second as Float32Array;
    for (const [i, value] of (expected.second ?? second).entries()) {
      if (value !== second[i]) t.true(Math.abs(value - second[i]) < 1e-4, `second of row ${i}: ${second[i]}, ${value}`);
    }
  });
}

test("the nearest of equal centroids is the first, and widths must agree", async (t) => {
  const nearest = await nearestCentroidOn(engine);
  const same = { shape: [3, 2], data: Float32Array.of(1, 1, 1, 1, 1, 1) };
  for (const count of [4, 60_000]) // the fewer by typed arrays
    t.deepEqual((await nearest(matrix(count, 2, 1), same)).owner, new Int32Array(count));
  await t.throwsAsync(nearest(matrix(4, 3, 1), same), { instanceOf: ShapeError });
});

test("the most similar rows are those of typed arrays, whatever the blocks", async (t) => {
  const queries = matrix(70, 24, 3);
  const candidates = matrix(500, 24, 4);
  const mostSimilar = await similarityOn(engine);
  const blocks = { queryBlock: 32, candidateBlock: 90 };
  const expected = await nearestNeighbours(queries, candidates, 20, { mostSimilar: plainMostSimilar });
  for (const options of [{}, blocks]) {
    const found = await nearestNeighbours(queries, candidates, 20, { mostSimilar, ...options });
    t.deepEqual(found.ids, expected.ids);
    t.true(found.similarity.every((s, i) => Math.abs(s - expected.similarity[i]) < 1e-5));
  }
});
