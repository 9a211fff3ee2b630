import test from "ava";
import { plainNearest } from "../../src/cluster/index.js";
import { squaredDistance } from "../../src/cluster/nearest.js";
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
    const expected = Int32Array.from({ length: count }, (_, i) => {
      const distances = Array.from({ length: clusters }, (_, c) => squaredDistance(points, i, centroids, c));
      return distances.indexOf(Math.min(...distances));
    });
    t.deepEqual(await plainNearest(points, centroids), expected);
    const rows = Int32Array.from(expected.keys()).filter((i) => i % 2 === 0);
    t.deepEqual(
      await plainNearest(points, centroids, rows),
      expected.filter((_, i) => i % 2 === 0),
    );
  });
}

test("points and centroids of different widths are refused", async (t) => {
  await t.throwsAsync(plainNearest(mixture(3, 2, 1, 1, 1), mixture(3, 4, 1, 1, 1)), { name: "ShapeError" });
});
