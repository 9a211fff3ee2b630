/** The front door: one object that trains, embeds, measures and finds. */
import { access, readdir } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { describeSource, type HeldImage, openSource, shownChannels } from "../../src/data/index.js";
import { openLearner, type RecipeInput, type TrainEvent, withLearner } from "../../src/index.js";
import { hcsc, images, temporary, tinyRecipe, withRecipe } from "../commands/cli.js";

const recipe = { ...tinyRecipe, epochs: 2 } as unknown as RecipeInput;
const quiet = { provider: "cpu", report: () => {} };

/** The synthetic images as a caller may hold them. */
async function held(as: "pixels" | "files"): Promise<readonly HeldImage[]> {
  const source = openSource(await describeSource(images));
  return Promise.all(
    Array.from({ length: source.count }, async (_, i) => {
      const picture = await source.read(i);
      const { width, height, channels, data } = shownChannels(picture);
      const image =
        as === "pixels" ? picture : await sharp(data, { raw: { width, height, channels } }).png().toBuffer();
      return { image, name: source.name(i), label: source.classes?.[source.labels?.[i] ?? 0] ?? null };
    }),
  );
}

test("a run by the library is the command line's to the bit, whether images are named, held as pixels or as files", async (t) => {
  const { folder, recipe: file } = await withRecipe({ epochs: 2 });
  const run = join(folder, "run");
  const trained = await hcsc("train", "--data", images, "--recipe", file, "--out", run, "--json");
  t.is(trained.code, 0, trained.stderr);
  const { vectors } = await withLearner({ ...quiet, run }, (learner) => learner.embed());
  for (const given of [images, await held("pixels"), await held("files")]) {
    await withLearner({ ...quiet, images: given, recipe }, async (learner) => {
      const { loss } = await learner.train();
      t.is(loss, JSON.parse(trained.stdout).loss);
      t.deepEqual((await learner.embed()).vectors, vectors);
    });
  }
});

test("a learner trains, measures, places, finds and exports; what was temporary goes with it", async (t) => {
  const events: TrainEvent[] = [];
  const learner = await openLearner({
    images: `${images}[0:48]`,
    recipe,
    provider: "cpu",
    report: (event) => events.push(event),
  });
  const before = await learner.embed();
  const result = await learner.train({ test: `${images}[48:64]` });
  t.is(result.position.epoch, 2);
  t.truthy(result.knnBefore);
  t.deepEqual(
    events.filter(({ kind }) => kind === "epoch").map((e) => e.kind === "epoch" && e.metric.epoch),
    [0, 1],
  );
  const after = await learner.embed({ images: `${images}[48:64]`, layer: "embedding" });
  t.deepEqual([before.vectors.shape[0], after.vectors.shape], [48, [16, learner.recipe.encoder.dimension]]);
  t.is((await learner.knn(`${images}[48:64]`)).top1, result.knnAfter as number);
  const { names, clusters, counts } = await learner.hierarchy();
  t.deepEqual([names.length, clusters.length], [48, counts.length]);
  t.deepEqual(
    Array.from(clusters[0]).map((id) => id < counts[0]),
    Array(48).fill(true),
  );
  const [{ neighbors }] = await learner.neighbors(`${images}[7:8]`, { count: 3 });
  t.is(neighbors[0].name, names[7]);
  const folder = await temporary();
  await learner.export(folder);
  t.true((await readdir(folder)).includes("encoder.onnx"));
  const run = result.folder.path;
  await access(run);
  await learner.close();
  await t.throwsAsync(access(run));
});

test("a run that was opened goes on in its folder, with what may change", async (t) => {
  const run = join(await temporary(), "run");
  const first = await withLearner({ ...quiet, images, recipe }, (learner) => learner.train({ run }));
  t.is(first.position.epoch, 2);
  const more = await withLearner({ ...quiet, run, set: { epochs: 3 } }, (learner) => learner.train());
  t.deepEqual([more.position.epoch, more.folder.path], [3, run]);
  const opened = await openLearner({ ...quiet, run });
  await t.throwsAsync(opened.train({ run: "elsewhere" }), { message: /a run is open/ });
  await opened.close();
});

test("what contradicts, is missing or is no image is said", async (t) => {
  await t.throwsAsync(openLearner({ ...quiet }), { message: /images are needed/ });
  await t.throwsAsync(openLearner({ ...quiet, images: [] }), { message: /there are no images in memory/ });
  const wrong = { width: 4, height: 4, channels: 3, data: new Uint8Array(47) };
  await t.throwsAsync(openLearner({ ...quiet, images: [wrong] }), {
    message: /image 1 is neither .* 4×4 of 3 channels with 47 bytes/,
  });
  await t.throwsAsync(openLearner({ ...quiet, images: [7 as never] }), { message: /image 1 is neither/ });
  const learner = await openLearner({ ...quiet, images, recipe, precision: "fp32", set: { batchSize: 16 } });
  t.is(learner.recipe.batchSize, 16);
  t.throws(() => learner.trained(), { message: /nothing is trained yet/ });
  await t.throwsAsync(learner.hierarchy(), { message: /nothing is trained yet/ });
  await learner.close();
});

test("a run on images in memory says so where they are needed again", async (t) => {
  const run = join(await temporary(), "run");
  const given = await held("pixels");
  await withLearner({ ...quiet, images: given, recipe }, (learner) => learner.train({ run }));
  await t.throwsAsync(openLearner({ ...quiet, run }), { message: /memory:64: these images were in the memory/ });
  const named = await hcsc("embed", "--run", run, "--out", join(run, "out.npy"));
  t.is(named.code, 2);
  t.regex(named.stderr, /in the memory of the program .*\(see --data\)/);
  const again = await withLearner({ ...quiet, run, images: given, set: { epochs: 3 } }, (learner) => learner.train());
  t.is(again.position.epoch, 3);
  await t.throwsAsync(
    withLearner({ ...quiet, run, images: given.slice(1), set: { epochs: 4 } }, (learner) => learner.train()),
    { message: /other images/ },
  );
});
