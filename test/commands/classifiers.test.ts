/** The commands that train a classifier on a run's encoder, end to end. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { hcsc, temporary, withRecipe } from "./cli.js";

const data = "synthetic:count=96,size=16";
const held = "synthetic:count=48,size=16,seed=9";
let run = "";

test.before(async () => {
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  run = join(folder, "run");
  await hcsc("train", "--data", data, "--recipe", recipe, "--out", run, "--json");
});

async function evaluated(...args: readonly string[]) {
  const { code, stdout, stderr } = await hcsc("eval", ...args, "--run", run, "--json");
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const total = (confusion: readonly (readonly number[])[]) => confusion.flat().reduce((a, b) => a + b);

test("eval linear by SGD: the same seed gives the same classifier, another rate another", async (t) => {
  const flags = ["--data", data, "--test", held, "--epochs", "3", "--batch-size", "32"];
  const [one, two, other] = [
    await evaluated("linear", ...flags),
    await evaluated("linear", ...flags),
    await evaluated("linear", ...flags, "--learning-rate", "0.1"),
  ];
  t.deepEqual(one, two);
  t.deepEqual([one.method, one.trains, one.headRate, one.epochs], ["sgd", "head", 5, 3]);
  t.not(one.loss, other.loss);
  t.is(total(one.confusion), 48);
  t.is(one.classes.length, one.confusion.length);
});

test("eval semi: pre-trained and random starts learn from the labels given, by share, number or list", async (t) => {
  const flags = ["--data", data, "--test", held, "--epochs", "2", "--batch-size", "8"];
  const share = await evaluated("semi", ...flags, "--labels", "50%");
  t.deepEqual([share.labelled, share.of], [48, 96]);
  t.deepEqual(
    share.results.map((r: { start: string }) => r.start),
    ["pre-trained", "random"],
  );
  for (const r of share.results) t.is(total(r.confusion), 48);
  t.is((await evaluated("semi", ...flags, "--labels", "24")).labelled, 24);

  // As `hcsc embed` names them.
  const out = join(await temporary(), "all.npy");
  await hcsc("embed", "--run", run, "--data", data, "--out", out);
  const names = (await readFile(out.replace(".npy", ".names.txt"), "utf8")).trim().split("\n");
  const list = join(await temporary(), "labelled.txt");
  await writeFile(list, names.slice(0, 30).join("\n"));
  t.is((await evaluated("semi", ...flags, "--labels", list)).labelled, 30);
  await writeFile(list, "no such image\n");
  const listed = await hcsc("eval", "semi", "--run", run, ...flags, "--labels", list, "--json");
  t.is(listed.code, 1);
  t.regex(listed.stderr, /lists 1 images that are not in the set, the first no such image.*--data/);
});

test("eval semi refuses an amount that is none, and more labels than images", async (t) => {
  for (const [labels, reason] of [
    ["1.5", /1\.5 cannot be taken: give a share of the 96 labelled images.*\(see --labels\)/],
    ["200%", /200% cannot be taken: give a share of the 96/],
    ["none.txt", /neither an amount, as 1% or 500, nor a file/],
  ] as const) {
    const { code, stderr } = await hcsc(
      "eval",
      "semi",
      "--run",
      run,
      "--data",
      data,
      "--test",
      held,
      "--labels",
      labels,
    );
    t.is(code, 2);
    t.regex(stderr, reason);
  }
});

test("eval transfer to one label an image: frozen, fast and fine-tuned", async (t) => {
  const flags = ["--data", data, "--test", held, "--epochs", "1", "--batch-size", "32"];
  const frozen = await evaluated("transfer", ...flags);
  const fast = await evaluated("transfer", ...flags, "--fast");
  const tuned = await evaluated("transfer", ...flags, "--finetune", "--backbone-learning-rate", "0.01");
  t.deepEqual([frozen.trains, frozen.headRate], ["head", 3]);
  t.is(fast.method, "l-bfgs");
  t.deepEqual([tuned.trains, tuned.backboneRate, tuned.headRate], ["whole", 0.01, 0.02]);
  for (const r of [frozen, fast, tuned]) t.is(total(r.confusion), 48);

  const both = await hcsc("eval", "transfer", "--run", run, ...flags, "--fast", "--finetune");
  t.is(both.code, 2);
  const frozenRate = await hcsc("eval", "transfer", "--run", run, ...flags, "--backbone-learning-rate", "1");
  t.is(frozenRate.code, 2);
  t.regex(frozenRate.stderr, /only when fine-tuned/);
});

/** Pictures of a red, a green and a blue half, each there or not, and a list that says which. */
async function colours(count: number): Promise<string> {
  const root = await temporary();
  await mkdir(join(root, "images"));
  const rows: string[] = [];
  for (let i = 0; i < count; i++) {
    const there = [0, 1, 2].map((c) => ((i >> c) & 1) === 1);
    const pixels = Buffer.alloc(16 * 16 * 3);
    for (let p = 0; p < 256; p++)
      for (let c = 0; c < 3; c++) pixels[3 * p + c] = there[c] ? 230 - (i % 7) : 20 + (i % 5);
    await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
      .png()
      .toFile(join(root, "images", `${i}.png`));
    const labels = ["red", "green", "blue"].filter((_, c) => there[c]);
    rows.push(JSON.stringify({ file: `images/${i}.png`, labels }));
  }
  const list = join(root, "list.jsonl");
  await writeFile(list, `${rows.join("\n")}\n`);
  return list;
}

test("eval transfer to several labels an image: mean average precision, of colours near all", async (t) => {
  const [train, test] = [await colours(64), await colours(24)];
  const fast = await evaluated("transfer", "--data", train, "--test", test, "--fast");
  t.is(fast.kind, "several");
  t.deepEqual(fast.classes, ["blue", "green", "red"]);
  t.is(fast.perClass.length, 3);
  // Even a hardly trained network tells eight plain colours apart.
  t.true(fast.allPoint > 80 && fast.elevenPoint > 80, JSON.stringify(fast));
  const sgd = await evaluated("transfer", "--data", train, "--test", test, "--epochs", "5");
  t.deepEqual([sgd.trains, sgd.headRate, sgd.batchSize], ["head", 0.8, 16]);
  t.true(sgd.allPoint > 50 && sgd.allPoint <= 100);
  const tuned = await evaluated("transfer", "--data", train, "--test", test, "--finetune", "--epochs", "2");
  t.is(tuned.trains, "whole");

  const mixed = await hcsc("eval", "transfer", "--run", run, "--data", train, "--test", held, "--fast");
  t.is(mixed.code, 1);
  t.regex(mixed.stderr, /one label each, the others several/);
  const linear = await hcsc("eval", "linear", "--run", run, "--data", train, "--test", test);
  t.regex(linear.stderr, /hcsc eval transfer/);
});
