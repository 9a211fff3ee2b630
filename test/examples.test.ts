/** The examples run as they are, and do what they say. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import test from "ava";
import { hcsc, images, withRecipe } from "./commands/cli.js";

const folder = mkdtemp(join(tmpdir(), "hcsc-examples-"));

/** What an example prints, line by line, run in a folder of its own. */
async function printed(name: string, ...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [resolve("examples", name), ...args], {
    cwd: await folder,
    env: { ...process.env, VK_DRIVER_FILES: "/none", VK_ICD_FILENAMES: "/none" }, // what `auto` tries on an emulated GPU takes long
  });
  return stdout.trim().split("\n");
}

test("train-folder trains, and writes a vector for each image", async (t) => {
  const set = ["epochs=1", "method.warmupEpochs=0", "batchSize=16", "method.queue=32", "encoder.imageSize=16"];
  const lines = await printed("train-folder.mjs", images, "out.parquet", ...set);
  t.regex(lines[0], /^loss \d+\.\d{3} after/);
  t.regex(lines[1], /^64 vectors of \d+ numbers → out\.parquet/);
  t.true((await stat(join(await folder, "out.parquet"))).size > 0);
});

test("images-from-memory trains, and its three clusters hold every image", async (t) => {
  const lines = await printed("images-from-memory.mjs");
  t.is(lines.filter((line) => line.startsWith("epoch")).length, 8);
  const sizes = lines.flatMap((line) => /^cluster \d+: (\d+) images/.exec(line)?.[1] ?? []);
  t.is(
    sizes.reduce((sum, size) => sum + Number(size), 0),
    96,
  );
});

test("clustering finds the centres that the points were drawn about", async (t) => {
  const agreements = (await printed("clustering.mjs")).flatMap((line) => /AMI\) ([\d.]+)/.exec(line)?.[1] ?? []);
  t.is(agreements.length, 2);
  for (const agreement of agreements) t.true(Number(agreement) > 0.9, agreement);
});

test("fine-tune-onnx lowers the loss of a model, and writes it with the weights that it has then", async (t) => {
  const losses = (await printed("fine-tune-onnx.mjs")).flatMap((line) => /loss ([\d.]+)/.exec(line)?.[1] ?? []);
  t.true(Number(losses.at(-1)) < 0.5 * Number(losses[0]), losses.join(" "));
  const again = (await printed("fine-tune-onnx.mjs", "trained.onnx", "twice.onnx"))[0];
  t.true(Number(/loss ([\d.]+)/.exec(again)?.[1]) < 0.6 * Number(losses[0]), again);
});

test("custom-encoder learns what two views have in common", async (t) => {
  const lines = await printed("custom-encoder.mjs");
  const agreements = lines.map((line) => Number(/truth by (-?[\d.]+)/.exec(line)?.[1]));
  t.is(agreements.length, 10);
  t.true(Math.max(...agreements.slice(5)) > agreements[0] + 0.15, agreements.join(" "));
});

test("search finds an image of the run itself first", async (t) => {
  const { folder: made, recipe } = await withRecipe({ epochs: 1 });
  const run = join(made, "run");
  const trained = await hcsc("train", "--data", images, "--recipe", recipe, "--out", run);
  t.is(trained.code, 0, trained.stderr);
  const lines = await printed("search.mjs", run, `${images}[3:4]`);
  t.is(lines.length, 5);
  t.regex(lines[0], /^1\.000 /);
});

test("every example is run here, needs what `export` wrote, or is built for a browser", async (t) => {
  const tested = ["train-folder", "images-from-memory", "clustering", "fine-tune-onnx", "custom-encoder", "search"];
  const deployed = ["embed.mjs", "embed.html"]; // test/commands/deploy.test.ts
  const built = ["web"]; // test/web/bundle.test.ts
  const all = [...tested.map((name) => `${name}.mjs`), ...deployed, ...built];
  t.deepEqual((await readdir("examples")).sort(), all.sort());
});
