/** Weights of others through the commands: in, used without training, trained on, and out again. */
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import test from "ava";
import { readTensors } from "../../src/tensorfile/index.js";
import { readWeights } from "../../src/weights/index.js";
import { hcsc, images, temporary, tinyRecipe, withRecipe } from "./cli.js";

const fixture = (name: string): string => resolve("test/fixtures/weights", name);
const small = { encoder: { ...tinyRecipe.encoder, width: 0.125, dimension: 4 } };

const stateOf = async (run: string, step: number) =>
  (await readTensors(join(run, "checkpoints", `step-${String(step).padStart(8, "0")}.safetensors`))).tensors;

test("import makes a run that embeds, and is exported to the numbers it came from", async (t) => {
  const folder = await temporary();
  const [run, model, vectors] = ["run", "model", "v.safetensors"].map((name) => join(folder, name));
  const made = await hcsc("import", fixture("hcsc.pth"), "--data", images, "--out", run, "--size", "16", "--json");
  t.is(made.code, 0, made.stderr);
  t.like(JSON.parse(made.stdout), {
    encoder: { backbone: "resnet8", width: 0.125, imageSize: 16, dimension: 4 },
    layout: "torchvision under encoder_q.",
    matched: 49,
    head: "file",
    unused: [],
  });

  const ofRun = await hcsc("embed", "--run", run, "--out", vectors);
  t.is(ofRun.code, 0, ofRun.stderr);
  const before = (await readTensors(vectors)).tensors.get("vectors");
  const ofFile = await hcsc(
    "embed",
    "--weights",
    fixture("hcsc.pth"),
    "--size",
    "16",
    "--data",
    images,
    "--out",
    vectors,
  );
  t.is(ofFile.code, 0, ofFile.stderr);
  t.deepEqual((await readTensors(vectors)).tensors.get("vectors"), before);

  const out = await hcsc("export", "--run", run, "--format", "torch", "--out", model);
  t.is(out.code, 0, out.stderr);
  t.deepEqual((await readdir(model)).sort(), ["README.md", "backbone.pth", "head.pth", "preprocessing.json"]);
  const said = JSON.parse(await readFile(join(model, "preprocessing.json"), "utf8"));
  t.like(said, { images: undefined, pixels: { model: "backbone.pth" } });
  const { tensors } = await readWeights(join(model, "backbone.pth"));
  for (const [name, tensor] of (await readWeights(fixture("torchvision.pth"))).tensors)
    if (!name.endsWith("num_batches_tracked")) t.deepEqual(tensors.get(name)?.read(), tensor.read(), name);
  t.is(tensors.size, 54);
});

test("eval knn takes weights in place of a run", async (t) => {
  const args = ["--weights", fixture("hf"), "--size", "16", "--data", images, "--split", "0.25", "--json"];
  const { code, stdout, stderr } = await hcsc("eval", "knn", ...args);
  t.is(code, 0, stderr);
  const { results, fit, testImages } = JSON.parse(stdout);
  t.like(fit, { matched: 45, head: "seed", layout: "Hugging Face under resnet." });
  t.is(testImages, 16);
  t.true(results[0].top1 >= 0 && results[0].top1 <= 100);
});

test("train --init starts both encoders from the file", async (t) => {
  const { folder, recipe } = await withRecipe(small);
  const run = join(folder, "run");
  const args = ["train", "--data", images, "--recipe", recipe, "--out", run, "--epochs", "1"];
  const { code, stderr } = await hcsc(...args, "--init", fixture("hcsc.pth"));
  t.is(code, 0, stderr);
  t.regex(stderr, /tensors taken +49/);
  const start = await stateOf(run, 0);
  const given = await readWeights(fixture("hcsc.pth"));
  for (const name of ["conv1.weight", "layer3.0.bn2.running_var", "fc.2.bias"])
    for (const encoder of ["query", "key"])
      t.deepEqual(start.get(`${encoder}/${name}`)?.data, given.tensors.get(`module.encoder_q.${name}`)?.read(), name);
  const { init } = JSON.parse(await readFile(join(run, "run.json"), "utf8"));
  t.like(init, { file: fixture("hcsc.pth"), partial: false, report: { matched: 49 } });
  t.regex(init.sha256, /^[0-9a-f]{64}$/);
});

test("weights that do not fit make nothing, and say why", async (t) => {
  const { folder, recipe } = await withRecipe({ encoder: { ...small.encoder, dimension: 8 } });
  const run = join(folder, "run");
  const args = ["train", "--data", images, "--recipe", recipe, "--out", run, "--init", fixture("hcsc.pth")];
  const { code, stderr } = await hcsc(...args);
  t.is(code, 1);
  t.regex(stderr, /2 of another shape: fc\.2\.weight is \[4,8\], \[8,8\] is needed/);
  t.deepEqual((await readdir(folder)).sort(), ["tiny.json"]);
});
