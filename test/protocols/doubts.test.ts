/** Sets that share images, or lack classes: what is said of scores on them. */
import { rename } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { describeSource, identityOf, openSource, splitNames } from "../../src/data/index.js";
import { onDisk } from "../../src/disk/index.js";
import type { Advice } from "../../src/errors.js";
import { doubts, trainedOn } from "../../src/protocols/index.js";
import { parseRecipe } from "../../src/recipe/index.js";
import { RunFolder } from "../../src/train/index.js";
import { images, temporary, tinyRecipe } from "../commands/cli.js";
import { folder as layout, pictures } from "../data/layout.js";

const opened = async (text: string) => {
  const description = await describeSource(text);
  return { description, source: openSource(description) };
};

const words = (advice: readonly Advice[]) => advice.map(({ message }) => message);
const said = async (...sets: Parameters<typeof doubts>) => words(await doubts(...sets));

/** Names of a folder sorted by class, 5 of each. */
const sorted = ["ant", "bee", "cat", "dog"].flatMap((c) => Array.from({ length: 5 }, (_, i) => `${c}/${i}.jpg`));

test("a split holds out some of each class, and is the same wherever it is named", async (t) => {
  const data = await layout(await pictures(sorted));
  const { data: rest, test: held } = splitNames(data, 0.2, 0);
  const [a, b] = [await opened(rest), await opened(held)];
  t.deepEqual([a.source.count, b.source.count], [16, 4]);
  t.deepEqual([...(b.source.labels as Int32Array)], [0, 1, 2, 3]);
  t.deepEqual(await said(a, b), []);
  const again = await opened(splitNames(data, 0.2, 7).test);
  t.notDeepEqual([0, 1, 2, 3].map(again.source.name), [0, 1, 2, 3].map(b.source.name));
  const nested = await opened(`${data}[0:10][20%]`);
  t.is(nested.source.count, 2);
  await t.throwsAsync(opened(`${data}[1%]`), { message: /leaves none/ });
});

test("images of both sets are counted and named, whatever the sets are made of", async (t) => {
  const data = await layout(await pictures(sorted));
  const [first] = await said(await opened(data), await opened(`${data}[18:20]`));
  t.regex(first, /2 of the 2 test images are among the images to learn from too, the first dog\/3\.jpg/);
  t.regex((await said(await opened(`${data}#bee`), await opened(`${data}[5:7]`)))[0] ?? "", /2 of the 2/);
  t.regex((await said(await opened(images), await opened("synthetic:count=8,size=16")))[0] ?? "", /8 of the 8/);
  t.deepEqual(await said(await opened(images), await opened("synthetic:count=8,size=16,seed=9")), []);
  const fashion = "data/fashion-mnist";
  t.regex((await said(await opened(`${fashion}[0:100]`), await opened(`${fashion}[99:120]`)))[0] ?? "", /1 of the 21/);
  t.deepEqual(await said(await opened(`${fashion}[0:100]`), await opened(`${fashion}[100:120]`)), []);
});

test("copies under other names are counted and named", async (t) => {
  const made = await pictures(sorted);
  const copied = await layout({ "new.jpg": "another", "z.jpg": made["bee/2.jpg"] });
  const [first, ...more] = await said(await opened(await layout(made)), await opened(copied));
  t.regex(first, /1 of the 2 test images are copies of images to learn from.*z\.jpg, of bee\/2\.jpg/);
  t.deepEqual(more, []);
});

test("test images that the run was trained on are said, also where the run's images have gone", async (t) => {
  const data = await layout(await pictures(sorted));
  const recipe = parseRecipe(tinyRecipe, "tiny");
  const description = { recipe, data: `${data}[0:10]`, test: null, images: 10, versions: {}, started: "" };
  const run = await RunFolder.create(onDisk(join(await temporary(), "run")), description);
  await run.saveImages(await identityOf((await opened(description.data)).source));
  const of = async (text: string) => words(await trainedOn(run, await opened(text)));
  t.deepEqual(await of(`${data}[10:20]`), []);
  const [first] = await of(`${data}[8:12]`);
  t.regex(first, /2 of the 4 test images are among the images that the run was trained on.*first bee\/3\.jpg/);
  const renamed = await layout({ "z.jpg": (await pictures(sorted))["ant/1.jpg"] });
  t.regex((await of(renamed))[0] ?? "", /1 of the 1 test image.* first z\.jpg/);
  await rename(data, `${data}-moved`);
  const [gone, alike] = await of(`${data}-moved[8:12]`);
  t.regex(gone, /no longer those of .*by names and sizes alone/);
  t.regex(alike, /2 of the 4 test images are by name and size among/);
});

test("a range of a folder sorted by class holds out classes that nothing was learned of, and that is said", async (t) => {
  const data = await layout(await pictures(sorted));
  const [first] = await said(await opened(`${data}[0:12]`), await opened(`${data}[12:20]`));
  t.regex(first, /5 of the 8 labelled test images are of classes that no image to learn from has, the first dog/);
});
