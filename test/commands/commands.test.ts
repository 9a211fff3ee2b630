import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import type { Command } from "commander";
import * as ort from "onnxruntime-node";
import { rootCommand } from "../../src/cli/rootCommand.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { hcsc, hcscInterrupted, hcscProcess, images, temporary, withRecipe } from "./cli.js";

async function lastCheckpoint(run: string) {
  const folder = join(run, "checkpoints");
  return readTensors(join(folder, (await readdir(folder)).sort().at(-1) as string));
}

/** Each step's loss, as written. */
async function losses(run: string) {
  const lines = (await readFile(join(run, "metrics.jsonl"), "utf8")).trim().split("\n");
  return lines
    .map((l) => JSON.parse(l))
    .filter((m) => m.kind === "step")
    .map((m) => [m.step, m.loss]);
}

/** Two runs that gave the same numbers, bit for bit. */
async function sameRun(t: ExecutionContext, a: string, b: string) {
  const [one, two] = [await lastCheckpoint(a), await lastCheckpoint(b)];
  t.deepEqual([...one.tensors.keys()], [...two.tensors.keys()]);
  for (const [name, { data }] of two.tensors) t.deepEqual(one.tensors.get(name)?.data, data, name);
  t.deepEqual(await losses(a), await losses(b));
}

for (const command of [
  ["build"],
  ["train"],
  ["sweep"],
  ["eval", "knn"],
  ["eval", "linear"],
  ["eval", "semi"],
  ["eval", "transfer"],
  ["eval", "cluster"],
  ["embed"],
  ["neighbors"],
  ["duplicates"],
  ["organize"],
  ["import"],
  ["export"],
  ["report"],
  ["log"],
  ["watch"],
  ["replay"],
  ["doctor"],
]) {
  test(`hcsc ${command.join(" ")} --help shows examples`, async (t) => {
    let shown = "";
    const root = rootCommand();
    const all = (c: Command): readonly Command[] => [c, ...c.commands.flatMap(all)];
    for (const c of all(root))
      c.configureOutput({
        writeOut: (text) => {
          shown += text;
        },
      });
    await t.throwsAsync(root.parseAsync([...command, "--help"], { from: "user" }), { code: "commander.helpDisplayed" });
    t.regex(shown, /Examples?:\n {2}hcsc /);
  });
}

test("help is on stdout, and exits with 0", async (t) => {
  const { code, stdout, stderr } = await hcscProcess("eval", "knn", "--help");
  t.deepEqual([code, stderr], [0, ""]);
  t.regex(stdout, /Examples?:\n {2}hcsc /);
});

for (const [what, args] of [
  ["an unknown command", ["trian"]],
  ["an unknown option", ["train", "--dat", "x"]],
  ["a missing option", ["train", "--recipe", "demo"]],
  ["no recipe", ["train", "--data", images]],
  ["an unknown recipe", ["build", "nope"]],
  ["an unknown field", ["build", "demo", "--set", "encoder.imagesize=3"]],
] as const) {
  test(`${what} is wrong usage: exit code 2, the reason on stderr`, async (t) => {
    const { code, stdout, stderr } = await hcscProcess(...args);
    t.is(code, 2);
    t.is(stdout, "");
    t.true(stderr.length > 20);
  });
}

test("build emits graphs that ONNX Runtime loads, and a manifest whose state names exist in them", async (t) => {
  const out = await temporary();
  const { code, stdout } = await hcsc("build", "demo", "--out", out, "--json");
  t.is(code, 0);
  t.true(JSON.parse(stdout).files.length >= 7);
  const manifest = JSON.parse(await readFile(join(out, "manifest.json"), "utf8"));
  for (const program of Object.values<{ file: string; state: Record<string, string> }>(manifest.programs)) {
    const session = await ort.InferenceSession.create(join(out, program.file));
    for (const output of Object.values(program.state))
      t.true(session.outputNames.includes(output), `${program.file}: ${output}`);
    await session.release();
  }
});

test("train, eval, embed and export follow from one another, and the exported encoder gives what embed gives", async (t) => {
  const { folder, recipe } = await withRecipe();
  const run = join(folder, "run");
  const trained = await hcscProcess(
    "train",
    "--data",
    images,
    "--test",
    "synthetic:count=32,size=16,seed=9",
    "--recipe",
    recipe,
    "--out",
    run,
    "--json",
  );
  t.is(trained.code, 0, trained.stderr);
  const summary = JSON.parse(trained.stdout);
  t.true(Number.isFinite(summary.loss) && summary.knnBefore > 0 && summary.knnAfter > 0);
  t.deepEqual((await readdir(run)).sort(), ["checkpoints", "graphs", "images.json", "metrics.jsonl", "run.json"]);
  const metrics = (await readFile(join(run, "metrics.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((l) => JSON.parse(l));
  t.deepEqual(
    metrics.filter((m) => m.kind === "epoch").map((m) => m.epoch),
    [0, 1],
  );
  t.deepEqual(
    metrics.filter((m) => m.kind === "step").map((m) => m.step),
    [1, 2, 3, 4, 5, 6, 7, 8],
  );
  t.true(metrics.every((m) => m.kind !== "step" || Number.isFinite(m.gradientNorm)));

  const knn = JSON.parse(
    (await hcsc("eval", "knn", "--run", run, "--data", images, "--test", "synthetic:count=32,size=16,seed=9", "--json"))
      .stdout,
  );
  t.is(knn.results[0].top1, summary.knnAfter);

  const held = ["--test", "synthetic:count=32,size=16,seed=9", "--fast", "--strengths", "1,10", "--json"];
  const linear = await hcsc("eval", "linear", "--run", run, "--data", images, ...held);
  t.is(linear.code, 0, linear.stderr);
  const classified = JSON.parse(linear.stdout);
  t.is(
    classified.confusion.flat().reduce((a: number, b: number) => a + b),
    32,
  );
  t.true(classified.top1 <= classified.top5 && [1, 10].includes(classified.strength));

  const flags = ["--run", run, "--clusters", "5", "--levels", "6,3", "--json"];
  const clustered = await hcsc("eval", "cluster", ...flags);
  t.is(clustered.code, 0, clustered.stderr);
  const agreement = JSON.parse(clustered.stdout);
  t.deepEqual(
    agreement.flat.map((a: { labels: number }) => a.labels),
    [0, 1, 2], // the synthetic set's classes, finest first
  );
  t.is(agreement.hierarchy.length, 6);
  for (const a of [...agreement.flat, ...agreement.hierarchy]) t.true(a.purity > 0 && a.purity <= 1 && a.ami <= 1);
  t.true(agreement.dendrogramPurity > 0 && agreement.dendrogramPurity <= 1);

  const list = join(folder, "several.jsonl");
  await writeFile(join(folder, "1.png"), "");
  await writeFile(list, '{"file": "1.png", "labels": ["cat", "dog"]}');
  for (const kind of [["knn", "--test", images], ["linear", "--test", images], ["cluster"]]) {
    const refused = await hcsc("eval", ...kind, "--run", run, "--data", list);
    t.deepEqual([refused.code, refused.stdout], [1, ""]);
    t.regex(refused.stderr, /the given images carry several labels each.*hcsc eval transfer/);
  }

  const alike = await hcsc("neighbors", "synthetic:count=2,size=16", "--run", run, "--count", "3", "--json");
  t.is(alike.code, 0, alike.stderr);
  const { results: found } = JSON.parse(alike.stdout);
  t.is(found.length, 2);
  for (const { neighbors } of found) {
    const cosines = neighbors.map((n: { cosine: number }) => n.cosine);
    t.deepEqual(
      cosines,
      [...cosines].sort((a, b) => b - a),
    );
    t.is(neighbors.length, 3);
  }

  const vectors = join(folder, "vectors.safetensors");
  t.is((await hcsc("embed", "--run", run, "--data", images, "--out", vectors)).code, 0);
  const { shape, data } = (await readTensors(vectors)).tensors.get("vectors") as {
    shape: readonly number[];
    data: Float32Array;
  };
  t.deepEqual(shape, [64, 64]);
  t.is((await readFile(join(folder, "vectors.names.txt"), "utf8")).trim().split("\n").length, 64);
  t.is(
    (await hcsc("embed", "--run", run, "--data", images, "--out", join(folder, "v.npy"), "--layer", "embedding")).code,
    0,
  );
  t.regex((await readFile(join(folder, "v.npy"))).toString("latin1", 0, 128), /'shape': \(64, 16\)/);

  const model = join(folder, "model");
  t.is((await hcsc("export", "--run", run, "--out", model)).code, 0);
  const { pixels: stated } = JSON.parse(await readFile(join(model, "preprocessing.json"), "utf8"));
  const session = await ort.InferenceSession.create(join(model, stated.model));
  const { mean, std } = stated.steps.normalize;
  const { openSource, describeSource } = await import("../../src/data/index.js");
  const source = openSource(await describeSource(images));
  for (const batch of [1, 3]) {
    const pixels = new Float32Array(batch * 3 * 256);
    for (let b = 0; b < batch; b++) {
      const picture = await source.read(b);
      for (let c = 0; c < 3; c++) {
        for (let p = 0; p < 256; p++)
          pixels[(b * 3 + c) * 256 + p] = (picture.data[p * 3 + c] / 255 - mean[c]) / std[c];
      }
    }
    const { features } = await session.run({ pixels: new ort.Tensor("float32", pixels, [batch, 3, 16, 16]) });
    const largest = Math.max(...Array.from(features.data as Float32Array, (x, i) => Math.abs(x - data[i])));
    t.true(largest < 1e-4, `batch ${batch}: ${largest}`);
  }
  await session.release();
});

test("Ctrl-C finishes the step, saves and exits with 130; --resume ends at the very numbers of an uninterrupted run", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 3 });
  const [whole, parts] = [join(folder, "whole"), join(folder, "parts")];
  const many = "synthetic:count=256,size=16"; // 48 steps: a busy machine hears the signal before the end
  const args = (out: string) => ["train", "--data", many, "--recipe", recipe, "--out", out];
  t.is((await hcsc(...args(whole))).code, 0);
  const steps = async () =>
    (await readFile(join(parts, "metrics.jsonl"), "utf8").catch(() => ""))
      .split("\n")
      .filter((l) => l.includes('"step"')).length;
  const stopped = await hcscInterrupted(args(parts), async () => (await steps()) >= 18);
  t.is(stopped.code, 130, stopped.stderr);
  t.regex(stopped.stdout, /--resume/);
  t.true((await steps()) < 48);
  const resumed = await hcsc("train", "--data", many, "--out", parts, "--resume");
  t.is(resumed.code, 0, resumed.stderr);
  await sameRun(t, parts, whole);
});

test("the number of loading threads changes no number of a run", async (t) => {
  const { folder, recipe } = await withRecipe();
  const [one, three] = [join(folder, "one"), join(folder, "three")];
  for (const [out, workers] of [
    [one, "1"],
    [three, "3"],
  ]) {
    const { code } = await hcsc("train", "--data", images, "--recipe", recipe, "--out", out, "--workers", workers);
    t.is(code, 0);
  }
  await sameRun(t, three, one);
});

for (const [what, changes] of [
  [
    "the reference variant with local views",
    {
      method: { queue: 64, clusters: [6, 3], warmupEpochs: 1, variant: "reference", restarts: 1 },
      views: { local: [{ size: 12, scale: [0.1, 0.5], count: 2 }] },
    },
  ],
  ["gradients of two batches an update", { accumulation: 2 }],
  ["plain InfoNCE", { method: { queue: 64, clusters: [] } }],
  [
    "more clusters than images",
    { method: { queue: 64, clusters: [100, 3], warmupEpochs: 1, minimumClusterSize: 1, restarts: 1 } },
  ],
  ["LARS and clipped gradients", { optimizer: { kind: "lars", learningRate: 1, clipNorm: 1 } }],
] as const) {
  test(`a run with ${what} ends with finite losses`, async (t) => {
    const { folder, recipe } = await withRecipe(changes);
    const { code, stdout, stderr } = await hcsc(
      "train",
      "--data",
      images,
      "--recipe",
      recipe,
      "--out",
      join(folder, "run"),
      "--json",
    );
    t.is(code, 0, stderr);
    t.true(Number.isFinite(JSON.parse(stdout).loss));
  });
}

test("replay writes a case's outputs from its inputs", async (t) => {
  const out = join(await temporary(), "out.safetensors");
  t.is((await hcsc("replay", "test/fixtures/loss-paper-l2.safetensors", out)).code, 0);
  const expected = (await readTensors("test/fixtures/loss-paper-l2.safetensors")).tensors.get("out.loss")
    ?.data[0] as number;
  t.true(Math.abs(Number((await readTensors(out)).tensors.get("out.loss")?.data[0]) - expected) < 1e-4 * expected);
});
