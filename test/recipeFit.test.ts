import { readFile } from "node:fs/promises";
import test from "ava";
import fc from "fast-check";
import { chooseRecipe, fittedClusters, overrideRecipe, parseRecipe } from "../src/recipe/index.js";

const recipe = (clusters: readonly number[], minimumClusterSize = 10, variant = "paper") =>
  parseRecipe(
    {
      name: "x",
      encoder: { backbone: "resnet8", imageSize: 16 },
      method: { clusters, minimumClusterSize, variant },
      epochs: 1,
      batchSize: 16,
    },
    "x",
  );

test("200 images with the demo's levels give levels of their own, not three alike", (t) => {
  t.deepEqual(fittedClusters(recipe([100, 50, 20]), 200), [10, 5, 2]);
  t.deepEqual(fittedClusters(recipe([100, 50, 20]), 8000), [100, 50, 20]);
  t.deepEqual(fittedClusters(recipe([100, 50, 20], 1), 200), [100, 50, 20]);
  t.deepEqual(fittedClusters(recipe([100, 50, 20], 10, "reference"), 200), [100, 50, 20]);
});

test("levels fall, whatever the set", (t) => {
  const counts = fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 5000 }), (unsorted, images) => {
      const fitted = fittedClusters(recipe(unsorted.sort((a, b) => b - a)), images);
      t.true(fitted.length > 0 && fitted.every((count, l) => l === 0 || count < fitted[l - 1]));
    }),
  );
});

test("auto goes by number, size and colour", (t) => {
  const chosen = (images: number, side: number, isColour: boolean) => chooseRecipe({ images, side, isColour });
  t.is(chosen(300, 600, true).name, "small");
  t.is(chosen(50_000, 32, true).name, "cifar-resnet18");
  t.is(chosen(60_000, 28, false).name, "fashion-mnist");
  t.is(chosen(1_281_167, 375, true).name, "imagenet-resnet50");
  t.true(chosen(300, 600, true).overrides.includes("method.clusters=[20,8,3]"));
  t.true(chosen(300, 24, false).overrides.includes("encoder.channels=1"));
});

test("auto fills at least one batch of any set, and its levels fall", async (t) => {
  const small = JSON.parse(await readFile("graphs/small.json", "utf8"));
  for (const images of [8, 19, 31, 32, 60, 127, 128, 500, 5000]) {
    const { name, overrides } = chooseRecipe({ images, side: 100, isColour: true });
    const { batchSize, epochs, method } = parseRecipe(overrideRecipe(small, overrides), name);
    t.is(name, "small");
    t.true(batchSize <= images && method.warmupEpochs < epochs, `${images}: ${batchSize}`);
    t.true(method.clusters.every((count, l) => count * 2 <= images && (l === 0 || count < method.clusters[l - 1])));
  }
});
