import test from "ava";
import { plainNearest } from "../../src/cluster/index.js";
import { squaredDistance, squaredNorm } from "../../src/cluster/nearest.js";
import { mixture } from "./points.js";

for (const [count, clusters, width] of [
  [1, 1, 1],
  [5, 3, 7],
  [50, 130, 128],
  [33, 18, 64],
] as const) {
  test(`plainNearest finds the nearest of ${clusters} for ${count} points`, async (t) => {
    const points = mixture(count, width, 4, 1, 1);
    const centroids = mixture(clusters, width, 4, 1, 2);
    const squared = Array.from({ length: count }, (_, i) =>
      Array.from({ length: clusters }, (_, c) => squaredDistance(points, i, centroids, c)),
    );
    const { owner, second } = await plainNearest(points, centroids);
    for (const [i, distances] of squared.entries()) {
      t.is(owner[i], distances.indexOf(Math.min(...distances)));
      const score = (squaredNorm(points, i) - (distances.toSorted((a, b) => a - b)[1] ?? Number.POSITIVE_INFINITY)) / 2;
      t.true(second?.[i] === score || Math.abs((second?.[i] ?? 0) - score) < 1e-4 * (1 + Math.abs(score)));
    }
    const rows = Int32Array.from(owner.keys()).filter((i) => i % 2 === 0);
    t.deepEqual(
      (await plainNearest(points, centroids, rows)).owner,
      owner.filter((_, i) => i % 2 === 0),
    );
  });
}

test("points and centroids of different widths are refused", async (t) => {
  await t.throwsAsync(plainNearest(mixture(3, 2, 1, 1, 1), mixture(3, 4, 1, 1, 1)), { name: "ShapeError" });
});
