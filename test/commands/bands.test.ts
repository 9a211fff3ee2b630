/** From files of six channels to an exported encoder, by the command line. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describeSource, openSource } from "../../src/data/index.js";
import { npy, tiff } from "../data/bands.js";
import { hcsc, tinyRecipe, withRecipe } from "./cli.js";

/** Six channels of which two tell the classes apart: half of the images as TIFF, half as .npy. */
async function sixChannels(folder: string, count: number): Promise<void> {
  for (const name of ["a", "b"]) await mkdir(join(folder, name), { recursive: true });
  for (let i = 0; i < count; i++) {
    const one = i % 2;
    const data = Uint8Array.from({ length: 16 * 16 * 6 }, (_, p) => {
      const texture = (Math.floor(p / 6) * 37 + i * 11 + p * p) % 60;
      return p % 6 === 2 + one ? 190 + texture : texture;
    });
    const file = join(folder, one === 0 ? "a" : "b", String(i));
    if (i % 4 < 2) await writeFile(`${file}.tif`, tiff(16, 16, data));
    else await writeFile(`${file}.npy`, npy("|u1", [16, 16, 6], data));
  }
}

test("six channels are trained on, embedded, measured, exported and run elsewhere to the same numbers", async (t) => {
  const { folder, recipe } = await withRecipe({
    encoder: { ...tinyRecipe.encoder, channels: 6 },
    views: {},
    epochs: 2,
  });
  const [data, run] = [join(folder, "images"), join(folder, "run")];
  await sixChannels(data, 48);
  const steps: readonly (readonly string[])[] = [
    ["train", "--data", data, "--recipe", recipe, "--out", run, "--json"],
    ["embed", "--run", run, "--data", data, "--out", join(folder, "vectors.npy"), "--json"],
    ["eval", "knn", "--run", run, "--data", `${data}[-25%]`, "--test", `${data}[25%]`, "--json"],
    ["export", "--run", run, "--out", join(folder, "model"), "--json"],
    ["report", "--run", run, "--data", data, "--out", join(folder, "page.html"), "--json"],
  ];
  for (const step of steps) {
    const { code, stdout, stderr } = await hcsc(...step);
    t.is(code, 0, `${step[0]}: ${stderr}`);
    if (step[1] === "knn") t.true(JSON.parse(stdout).results[0].top1 >= 90, stdout);
  }
  const source = openSource(await describeSource(data));
  const { width, height, channels, data: pixels } = await source.read(0);
  const session = await InferenceSession.create(join(folder, "model", "encoder.onnx"));
  const fed = { images: new Tensor("uint8", Uint8Array.from(pixels), [1, height, width, channels]) };
  const { features } = await session.run(fed);
  const file = await readFile(join(folder, "vectors.npy"));
  const from = 10 + file.readUInt16LE(8);
  const own = Array.from({ length: features.dims[1] }, (_, d) => file.readFloatLE(from + 4 * d));
  for (const [d, value] of own.entries())
    t.true(Math.abs(value - Number(features.data[d])) < 1e-4 * (1 + Math.abs(value)));
  const refused = await hcsc("export", "--run", run, "--format", "transformers", "--out", join(folder, "js"));
  t.is(refused.code, 2);
  t.regex(refused.stderr, /takes 6 channels: export it as onnx/);
  const wrong = await hcsc(
    "embed",
    "--run",
    run,
    "--data",
    "synthetic:count=4,size=16",
    "--out",
    join(folder, "x.npy"),
  );
  t.is(wrong.code, 1);
  t.regex(wrong.stderr, /the image has 3 channels, the recipe 6/);
});
