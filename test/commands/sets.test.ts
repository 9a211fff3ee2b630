/** Images that learn and images held out. */
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { doubts, trainedOn } from "../../src/cli/sets.js";
import { describeSource, identityOf, openSource, splitNames } from "../../src/data/index.js";
import { parseRecipe } from "../../src/recipe/index.js";
import { RunFolder } from "../../src/train/index.js";
import { folder as layout, pictures } from "../data/layout.js";
import { hcsc, images, temporary, tinyRecipe, withRecipe } from "./cli.js";

const opened = async (text: string) => {
  const description = await describeSource(text);
  return { description, source: openSource(description) };
};

/** Names of a folder sorted by class, 5 of each. */
const sorted = ["ant", "bee", "cat", "dog"].flatMap((c) => Array.from({ length: 5 }, (_, i) => `${c}/${i}.jpg`));

test("a split holds out some of each class, and is the same wherever it is named", async (t) => {
  const data = await layout(await pictures(sorted));
  const { data: rest, test: held } = splitNames(data, 0.2, 0);
  const [a, b] = [await opened(rest), await opened(held)];
  t.deepEqual([a.source.count, b.source.count], [16, 4]);
  t.deepEqual([...(b.source.labels as Int32Array)], [0, 1, 2, 3]);
  t.deepEqual(await doubts(a, b), []);
  const again = await opened(splitNames(data, 0.2, 7).test);
  t.notDeepEqual([0, 1, 2, 3].map(again.source.name), [0, 1, 2, 3].map(b.source.name));
  const nested = await opened(`${data}[0:10][20%]`);
  t.is(nested.source.count, 2);
  await t.throwsAsync(opened(`${data}[1%]`), { message: /leaves none/ });
});

test("images of both sets are counted and named, whatever the sets are made of", async (t) => {
  const data = await layout(await pictures(sorted));
  const [said] = await doubts(await opened(data), await opened(`${data}[18:20]`));
  t.regex(said, /2 of the 2 test images are among the --data images too, the first dog\/3\.jpg/);
  t.regex((await doubts(await opened(`${data}#bee`), await opened(`${data}[5:7]`)))[0] ?? "", /2 of the 2/);
  t.regex((await doubts(await opened(images), await opened("synthetic:count=8,size=16")))[0] ?? "", /8 of the 8/);
  t.deepEqual(await doubts(await opened(images), await opened("synthetic:count=8,size=16,seed=9")), []);
  const fashion = "data/fashion-mnist";
  t.regex(
    (await doubts(await opened(`${fashion}[0:100]`), await opened(`${fashion}[99:120]`)))[0] ?? "",
    /1 of the 21/,
  );
  t.deepEqual(await doubts(await opened(`${fashion}[0:100]`), await opened(`${fashion}[100:120]`)), []);
});

test("copies under other names are counted and named", async (t) => {
  const made = await pictures(sorted);
  const copied = await layout({ "new.jpg": "another", "z.jpg": made["bee/2.jpg"] });
  const [said, ...more] = await doubts(await opened(await layout(made)), await opened(copied));
  t.regex(said, /1 of the 2 test images are copies of --data images.*z\.jpg, of bee\/2\.jpg/);
  t.deepEqual(more, []);
});

test("test images that the run was trained on are said, also where the run's images have gone", async (t) => {
  const data = await layout(await pictures(sorted));
  const recipe = parseRecipe(tinyRecipe, "tiny");
  const description = { recipe, data: `${data}[0:10]`, test: null, images: 10, versions: {}, started: "" };
  const run = await RunFolder.create(join(await temporary(), "run"), description);
  await run.saveImages(await identityOf((await opened(description.data)).source));
  const of = async (text: string) => trainedOn(run, await describeSource(text));
  t.deepEqual(await of(`${data}[10:20]`), []);
  const [said] = await of(`${data}[8:12]`);
  t.regex(said, /2 of the 4 test images are among the images that the run was trained on.*first bee\/3\.jpg/);
  const renamed = await layout({ "z.jpg": (await pictures(sorted))["ant/1.jpg"] });
  t.regex((await of(renamed))[0] ?? "", /1 of the 1 test image.* first z\.jpg/);
  await rename(data, `${data}-moved`);
  const [gone, alike] = await of(`${data}-moved[8:12]`);
  t.regex(gone, /no longer those of .*by names and sizes alone/);
  t.regex(alike, /2 of the 4 test images are by name and size among/);
});

test("a range of a folder sorted by class holds out classes that nothing was learned of, and that is said", async (t) => {
  const data = await layout(await pictures(sorted));
  const [said] = await doubts(await opened(`${data}[0:12]`), await opened(`${data}[12:20]`));
  t.regex(said, /5 of the 8 labelled test images are of classes that no --data image has, the first dog/);
});

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
  t.regex(twice.stderr, /64 of the 64 test images are among the --data images too/);
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
