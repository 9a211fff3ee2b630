import { access, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { XMLValidator } from "fast-xml-parser";
import { hcsc, hcscInterrupted, temporary, withRecipe } from "./cli.js";

const many = "synthetic:count=256,size=16"; // 16 steps an epoch: a busy machine hears the signal before the end
const held = "synthetic:count=32,size=16,seed=9";

const runs = { flat: { "method.clusters": [] }, "the tree": {} };

async function sweepFolder(sweep: object) {
  const { folder } = await withRecipe({ epochs: 2 });
  const file = join(folder, "sweep.json");
  await writeFile(file, JSON.stringify({ name: "tiny", recipe: "tiny.json", ...sweep }));
  return { folder, file };
}

const args = (file: string, out: string) => ["sweep", file, "--data", many, "--test", held, "--out", out];

/** Lines of results.jsonl, without the time. */
async function results(out: string) {
  const text = await readFile(join(out, "results.jsonl"), "utf8").catch(() => "");
  return text
    .split("\n")
    .filter((l) => l)
    .map((l) => {
      const { seconds, ...rest } = JSON.parse(l);
      return { hasTime: seconds > 0, ...rest };
    });
}

test("a stopped sweep goes on to the results of one that never stopped, then trains nothing, and refuses other settings", async (t) => {
  const { folder, file } = await sweepFolder({ runs });
  const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
  const done = await hcsc(...args(file, whole), "--json");
  t.is(done.code, 0, done.stderr);
  const summary = JSON.parse(done.stdout);
  t.like(summary, { sweep: "tiny", planned: 2, trained: 2, interrupted: false, failures: [] });
  t.deepEqual((await readdir(whole)).sort(), ["results.csv", "results.jsonl", "runs", "sweep.svg"]);
  t.deepEqual((await readdir(join(whole, "runs"))).sort(), ["flat-seed-0", "the-tree-seed-0"]);
  t.true(XMLValidator.validate(await readFile(join(whole, "sweep.svg"), "utf8")) === true);

  // The same numbers as those of the commands that measure one run.
  const tree = join(whole, "runs", "the-tree-seed-0");
  const [knn, cluster] = await Promise.all([
    hcsc("eval", "knn", "--run", tree, "--data", many, "--test", held, "--json"),
    hcsc("eval", "cluster", "--run", tree, "--data", many, "--json"),
  ]);
  t.is(summary.runs[1].knnAfter, JSON.parse(knn.stdout).results[0].top1);
  const finest = JSON.parse(cluster.stdout).hierarchy.find((a: { level: number; labels: number }) => a.level === 0);
  t.is(summary.runs[1].ami, finest.ami);
  t.is(summary.runs[0].ami, null);

  const steps = async () =>
    (await readFile(join(parts, "runs", "the-tree-seed-0", "metrics.jsonl"), "utf8").catch(() => ""))
      .split("\n")
      .filter((l) => l.includes('"step"')).length;
  const stopped = await hcscInterrupted(args(file, parts), async () => (await steps()) >= 5);
  t.is(stopped.code, 130, stopped.stderr);
  t.regex(stopped.stdout, /stopped with 1 of 2 runs/);
  t.is((await results(parts)).length, 1);
  const resumed = await hcsc(...args(file, parts));
  t.is(resumed.code, 0, resumed.stderr);
  t.notRegex(resumed.stderr, /run 1 of 2/);
  t.regex(resumed.stderr, /run 2 of 2: the tree, seed 0/);
  t.regex(
    resumed.stdout,
    /^run +clusters +loss +kNN before % +kNN after % +AMI +time s\nflat +none .*\nthe tree +6\/3 /,
  );
  t.deepEqual(await results(parts), await results(whole));

  const kept = join(parts, "results.jsonl");
  const written = (await stat(kept)).mtimeMs;
  const again = await hcsc(...args(file, parts));
  t.is(again.code, 0, again.stderr);
  t.is(again.stdout, resumed.stdout);
  t.is(again.stderr, "");
  t.is((await stat(kept)).mtimeMs, written);

  await writeFile(
    file,
    JSON.stringify({ name: "tiny", recipe: "tiny.json", runs: { ...runs, flat: { "method.clusters": [4] } } }),
  );
  const changed = await hcsc(...args(file, parts));
  t.is(changed.code, 2);
  t.regex(changed.stderr, /the run "flat" \(seed 0\) of other settings: method\.clusters is \[4\], was \[\]\./);
  t.is((await stat(kept)).mtimeMs, written);
});

test("a run whose numbers fail is told and left out; the others are kept", async (t) => {
  const { folder, file } = await sweepFolder({
    set: { epochs: 1, "method.clusters": [] },
    grid: { "optimizer.learningRate": [1e30, 0.1] },
  });
  const out = join(folder, "out");
  const { code, stdout, stderr } = await hcsc("sweep", file, "--data", "synthetic:count=64,size=16", "--out", out);
  t.is(code, 1, stderr);
  t.regex(
    stderr,
    /1 of 2 runs failed: optimizer\.learningRate=1e\+30 \(seed 0\): step \d+: the (loss|gradient) is not finite/,
  );
  t.regex(stdout, /^run +loss/);
  t.deepEqual(
    (await results(out)).map((r) => [r.name, r.knnAfter]),
    [["optimizer.learningRate=0.1", null]],
  );
});

test("levels are made to fit the images as train does, the recipe may be auto, and runs that this makes alike are said", async (t) => {
  const tiny = { "encoder.width": 1, "encoder.imageSize": 16, "encoder.keySubBatches": 2, batchSize: 16 };
  const { folder, file } = await sweepFolder({
    recipe: "auto",
    set: { ...tiny, epochs: 1, "method.warmupEpochs": 1 },
    runs: { many: { "method.clusters": [40, 20] }, more: { "method.clusters": [60, 30] }, own: {} },
  });
  const out = join(folder, "out");
  const { code, stderr } = await hcsc("sweep", file, "--data", "synthetic:count=64,size=16", "--out", out);
  t.is(code, 0, stderr);
  t.regex(stderr, /recipe auto: 64 images, in colour, of 16 px: small/);
  t.regex(stderr, /64 images are too few for method\.clusters \[40, 20\].*\[10, 5\] is taken/);
  t.regex(stderr, /too few for method\.clusters \[60, 30\]/);
  t.regex(stderr, /the runs "many" and "more" are of the same settings/);
  t.deepEqual(
    (await results(out)).map((r) => r.recipe.method.clusters),
    [
      [10, 5],
      [10, 5],
      [4, 2],
    ],
  );
});

for (const [what, content, said] of [
  [
    "an unknown field in its last run",
    JSON.stringify({ name: "s", recipe: "tiny.json", runs: { a: {}, b: { epoch: 1 } } }),
    /the run "b": epoch: no such field \(did you mean epochs\?\)/,
  ],
  ["nothing in it", "", /sweep\.json is not JSON/],
  ["a recipe that is not there", JSON.stringify({ name: "s", recipe: "nope", runs: { a: {} } }), /no recipe nope/],
] as const) {
  test(`a sweep file with ${what} is wrong usage, and nothing is trained or written`, async (t) => {
    const { folder } = await withRecipe();
    const [file, out] = [join(folder, "sweep.json"), join(await temporary(), "out")];
    await writeFile(file, content);
    const { code, stdout, stderr } = await hcsc("sweep", file, "--data", many, "--out", out);
    t.is(code, 2);
    t.is(stdout, "");
    t.regex(stderr, said);
    await t.throwsAsync(access(out));
  });
}
