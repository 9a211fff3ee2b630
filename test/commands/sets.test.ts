/** Images that learn and images held out. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { folder as layout, pictures } from "../data/layout.js";
import { hcsc, images, withRecipe } from "./cli.js";

test("train --split keeps its part out, and eval then needs neither --data nor --test; the same set twice is said", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  const run = join(folder, "run");
  const trained = await hcsc(
    ...["train", "--data", images, "--split", "0.25", "--recipe", recipe, "--out", run, "--json"],
  );
  t.is(trained.code, 0, trained.stderr);
  const { data, test: held, images: count } = JSON.parse(await readFile(join(run, "run.json"), "utf8"));
  t.deepEqual([data, held, count], [`${images}[-25%]`, `${images}[25%]`, 48]);
  const knn = await hcsc("eval", "knn", "--run", run, "--json");
  t.is(knn.code, 0, knn.stderr);
  t.like(JSON.parse(knn.stdout), { bankImages: 48, testImages: 16 });
  t.is(JSON.parse(knn.stdout).results[0].top1, JSON.parse(trained.stdout).knnAfter);
  t.notRegex(knn.stderr, /warning/);
  const twice = await hcsc("eval", "knn", "--run", run, "--data", images, "--test", images);
  t.is(twice.code, 0, twice.stderr);
  t.regex(twice.stderr, /64 of the 64 test images are among the images to learn from too/);
  const none = await hcsc("eval", "linear", "--run", run, "--data", images);
  t.is(none.code, 2);
  t.regex(none.stderr, /--split 0\.2/);
});

test("a set without labels can be split too", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  const data = await layout(await pictures(Array.from({ length: 24 }, (_, i) => `${String(i).padStart(2, "0")}.jpg`)));
  const out = join(folder, "run");
  const trained = await hcsc("train", "--data", data, "--split", "0.25", "--recipe", recipe, "--out", out, "--json");
  t.is(trained.code, 0, trained.stderr);
  t.regex(trained.stderr, /no kNN is measured/);
  t.like(JSON.parse(trained.stdout), { knnBefore: null, knnAfter: null });
});
