import test from "ava";
import fc from "fast-check";
import { kmeans, lloyd, type NearestCentroid, objectiveOf, plainNearest } from "../../src/cluster/index.js";
import { permutation, random } from "../../src/random.js";
import { readFixture, relativeError } from "./fixture.js";
import { matrixOf, mixture } from "./points.js";

const nearest = plainNearest;

test("lloyd reproduces cluster-lloyd", async (t) => {
  const fixture = readFixture("cluster-lloyd");
  const found = await lloyd(fixture.matrix("points"), fixture.matrix("initial"), {
    iterations: Number(fixture.config.iterations),
    nearest,
  });
  t.deepEqual(found.assignment, fixture.ids("out.assignment"));
  t.true(relativeError(found.objectives, fixture.numbers("out.objectives")) < 1e-6);
  t.true(relativeError(found.centroids.data, fixture.numbers("out.centroids")) < 1e-6);
  t.true(relativeError([found.objective], fixture.numbers("out.objective")) < 1e-6);
});

for (const [level, name, clusters, factor] of [
  [0, "features", 300, 1.02],
  [1, "points_1", 200, 1.08],
  [2, "points_2", 100, 1.08],
] as const) {
  test(`kmeans reaches the objective of cluster-quality at level ${level}`, async (t) => {
    const fixture = readFixture("cluster-quality");
    const spread = fixture.numbers(`out.objectiveSpread_${level}`).toSorted();
    const median = (spread[3] + spread[4]) / 2;
    const points = fixture.matrix(name);
    const found = await kmeans(points, clusters, { iterations: 20, restarts: 5, seed: level, nearest });
    t.log(`objective ${(found.objective / median).toFixed(3)} of the median`);
    t.true(found.objective <= factor * median);
    t.deepEqual(found.warnings, []);
    // The clusters are what they claim: own objective, nearest centroids.
    t.true(Math.abs(objectiveOf(points, found.centroids, found.assignment) / found.objective - 1) < 1e-9);
    const { owner } = await nearest(points, found.centroids);
    const best = objectiveOf(points, found.centroids, owner);
    t.true(Math.abs(best / found.objective - 1) < 1e-9);
  });
}

test("pruned iterations reach what lloyd reaches from the same start", async (t) => {
  const points = mixture(1500, 8, 40, 0.6, 3);
  const start = await kmeans(points, 30, { iterations: 1, restarts: 1, seed: 5, nearest });
  const pruned = await kmeans(points, 30, { iterations: 12, restarts: 1, seed: 5, nearest });
  const plain = await lloyd(points, start.centroids, { iterations: 11, nearest });
  t.deepEqual(pruned.assignment, plain.assignment);
  t.true(relativeError(pruned.centroids.data, plain.centroids.data) < 1e-6);
  t.true(pruned.comparisons < 13 * 1500 * 30);
});

test("kmeans never raises its objective", async (t) => {
  const cases = fc.record({
    seed: fc.nat(),
    count: fc.integer({ min: 1, max: 120 }),
    k: fc.integer({ min: 1, max: 40 }),
    width: fc.integer({ min: 1, max: 5 }),
    spread: fc.constantFrom(0, 0.1, 2),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ seed, count, k, width, spread }) => {
      const points = mixture(count, width, 12, spread, seed);
      const { objectives, assignment, centroids } = await kmeans(points, k, { restarts: 2, seed, nearest });
      const used = new Set(assignment);
      return (
        objectives.every((value, i) => i === 0 || value <= objectives[i - 1] * (1 + 1e-6) + 1e-9) &&
        centroids.data.every(Number.isFinite) &&
        used.size === centroids.shape[0]
      );
    }),
    { numRuns: 60 },
  );
  t.pass();
});

test("permuting the points permutes lloyd's assignment", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const points = mixture(60, 3, 6, 0.3, seed);
      const initial = { shape: [6, 3], data: points.data.slice(0, 18) };
      const order = permutation(60, random(seed, 1));
      const shuffled = matrixOf(Array.from(order, (i) => [...points.data.subarray(i * 3, i * 3 + 3)]));
      const one = await lloyd(points, initial, { iterations: 6, nearest });
      const other = await lloyd(shuffled, initial, { iterations: 6, nearest });
      return order.every((i, at) => one.assignment[i] === other.assignment[at]);
    }),
    { numRuns: 30 },
  );
  t.pass();
});

test("the same seed gives the same clusters, another seed others", async (t) => {
  const points = mixture(400, 6, 25, 0.8, 1);
  const options = { restarts: 2, iterations: 5, nearest };
  const first = await kmeans(points, 20, { ...options, seed: 7 });
  t.deepEqual(await kmeans(points, 20, { ...options, seed: 7 }), first);
  t.notDeepEqual((await kmeans(points, 20, { ...options, seed: 8 })).centroids, first.centroids);
});

test("restarts search at once, and in whatever order they are answered the clusters are the same", async (t) => {
  const points = mixture(400, 6, 25, 0.8, 1);
  const options = { restarts: 4, iterations: 10, seed: 3 };
  const [draw, waiting]: [() => number, (() => void)[]] = [random(1), []];
  let most = 0;
  const inAnyOrder: NearestCentroid = async (...asked) => {
    await new Promise<void>((answered) => {
      waiting.push(answered);
      most = Math.max(most, waiting.length);
      setImmediate(() => waiting.splice(Math.floor(draw() * waiting.length), 1)[0]());
    });
    return nearest(...asked);
  };
  t.deepEqual(
    await kmeans(points, 20, { ...options, nearest: inAnyOrder }),
    await kmeans(points, 20, { ...options, nearest }),
  );
  t.is(most, 4);
});

const duplicates = matrixOf([
  [0, 1],
  [1, 0],
  [0, 1],
  [1, 0],
  [0, 1],
]);

for (const [name, points, k, made] of [
  ["one point", matrixOf([[1, 2]]), 3, 1],
  ["duplicates", duplicates, 4, 2],
  ["zero variance", matrixOf([[0], [0], [0]]), 2, 1],
  ["as many clusters as points", mixture(9, 4, 9, 1, 2), 9, 9],
  ["fewer points than clusters", mixture(5, 4, 9, 1, 2), 9, 5],
] as const) {
  test(`${name}: ${k} clusters asked for give ${made}`, async (t) => {
    const { centroids, objective, warnings, assignment } = await kmeans(points, k, { seed: 0, nearest });
    t.is(centroids.shape[0], made);
    t.is(objective, 0);
    t.is(new Set(assignment).size, made);
    t.is(warnings.length, made < k ? 1 : 0);
    if (made < k) t.regex(warnings[0], new RegExp(`${k} clusters were asked for and ${made} made`));
  });
}

test("one cluster has the mean as its centroid", async (t) => {
  const { centroids, assignment } = await kmeans(
    matrixOf([
      [0, 2],
      [2, 0],
      [4, 4],
    ]),
    1,
    { seed: 0, nearest },
  );
  t.deepEqual([...centroids.data], [2, 2]);
  t.deepEqual([...assignment], [0, 0, 0]);
});

test("wrong arguments are named", async (t) => {
  const points = matrixOf([[1], [2]]);
  await t.throwsAsync(kmeans(points, 0, { seed: 0, nearest }), { message: /k is 0/, name: "UsageError" });
  await t.throwsAsync(kmeans(matrixOf([[1], [Number.NaN]]), 1, { seed: 0, nearest }), {
    message: /row 1 holds NaN/,
    name: "DataError",
  });
  await t.throwsAsync(kmeans({ shape: [0, 3], data: new Float32Array() }, 1, { seed: 0, nearest }), {
    message: /no points/,
  });
});
