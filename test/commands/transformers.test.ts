/** What `hcsc export --format transformers` writes, loaded by the real library from disk. */
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { env, pipeline, RawImage } from "@huggingface/transformers";
import test from "ava";
import sharp from "sharp";
import { asStored, encoderSettings } from "../../src/programs/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { encodeTensors } from "../../src/tensors/index.js";
import { fitWeights, openWeights } from "../../src/weights/index.js";
import { hcsc, images, temporary } from "./cli.js";

env.allowRemoteModels = false;

const noise = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, i) => (i * 7919 + ((i * i) % 251) * 31) % 256);

/** Two images, neither of a view's size. */
async function photos(): Promise<string> {
  const folder = join(await temporary(), "photos");
  await mkdir(folder);
  for (const [name, width, height] of [
    ["a.png", 41, 30],
    ["b.png", 23, 37],
  ] as const)
    await sharp(noise(3 * width * height), { raw: { width, height, channels: 3 } })
      .png()
      .toFile(join(folder, name));
  return folder;
}

type Dtype = "fp32" | "fp16" | "q8";

/** Features by transformers.js, one after another. */
async function extracted(
  model: string,
  files: readonly string[],
  dtype: Dtype,
  pool: boolean,
): Promise<Float32Array[]> {
  env.localModelPath = dirname(model);
  const extract = await pipeline("image-feature-extraction", basename(model), { dtype });
  const rows: Float32Array[] = [];
  for (const file of files) {
    const { data, dims } = await extract(await RawImage.read(file), { pool });
    rows.push(Float32Array.from(data as Float32Array));
    if (dims.length !== 2 || dims[0] !== 1) throw new Error(`features of shape ${dims}`);
  }
  await extract.dispose();
  return rows;
}

const hold = (file: string) => ["import", file, "--data", images, "--split", "0.25", "--size", "16"];
const sources = {
  "a ViT": { file: resolve("test/fixtures/weights/hf-vit"), width: 12, type: "vit" },
  "a ResNet": { file: resolve("test/fixtures/weights/hcsc.pth"), width: 8, type: "resnet" },
} as const;

for (const [whose, { file, width, type }] of Object.entries(sources))
  test.serial(
    `${whose}: transformers.js gives the features of hcsc embed, in each form those of its weights`,
    async (t) => {
      const folder = await temporary();
      const [run, model] = [join(folder, "run"), join(folder, "model")];
      const imported = await hcsc(...hold(file), "--out", run);
      t.is(imported.code, 0, imported.stderr);
      const out = await hcsc("export", "--run", run, "--format", "transformers", "--out", model, "--json");
      t.is(out.code, 0, out.stderr);
      const { accuracy, files } = JSON.parse(out.stdout);
      t.deepEqual(Object.keys(accuracy.top1), ["fp32", "fp16", "q8"]);
      t.is(accuracy.testImages, 16);
      t.is(JSON.parse(await readFile(join(model, "config.json"), "utf8")).model_type, type);

      const set = await photos();
      const paths = ["a.png", "b.png"].map((name) => join(set, name));
      const expected = async (weights: readonly string[]): Promise<Float32Array> => {
        const vectors = join(folder, "v.safetensors");
        const embedded = await hcsc("embed", ...weights, "--data", set, "--out", vectors);
        t.is(embedded.code, 0, embedded.stderr);
        return (await readTensors(vectors)).tensors.get("vectors")?.data as Float32Array;
      };
      const opened = await openWeights(file);
      const { encoder } = JSON.parse(await readFile(join(run, "run.json"), "utf8")).recipe;
      const { weights } = fitWeights(opened, encoderSettings(encoder));
      for (const dtype of ["fp32", "fp16", "q8"] as const) {
        const stored = join(folder, `${dtype}.safetensors`);
        if (dtype !== "fp32") await writeFile(stored, Buffer.concat(encodeTensors(asStored(weights, dtype))));
        const wanted = await expected(dtype === "fp32" ? ["--run", run] : ["--weights", stored, "--size", "16"]);
        const found = await extracted(model, paths, dtype, dtype === "q8");
        for (const [i, row] of found.entries()) {
          t.is(row.length, width);
          for (const [d, x] of row.entries()) {
            const y = wanted[i * width + d];
            t.true(Math.abs(x - y) < 1e-5 * Math.max(1, Math.abs(y)), `${dtype} ${i} ${d}: ${x} and ${y}`);
          }
        }
      }
      if (type === "vit") {
        // Of a ResNet two filters wide there is more to say of the nodes and scales than of the weights.
        const bytes = async (name: string) => (await stat(join(model, name))).size;
        t.true((await bytes("onnx/model_quantized.onnx")) < (await bytes("onnx/model_fp16.onnx")));
        t.true((await bytes("onnx/model_fp16.onnx")) < (await bytes("onnx/model.onnx")));
      }

      const card = await readFile(join(model, "README.md"), "utf8");
      t.regex(card, /kNN|eval knn --k 20/);
      t.regex(card, /8 bits \| \d+\.\d\d %/);
      for (const name of files) t.true(card.includes(`\`${name}\``), name);
      t.false(card.includes(folder), "paths of this machine");

      // The folder is one of weights as well.
      const back = await openWeights(model);
      for (const [name, tensor] of Object.entries(fitWeights(back, encoderSettings(encoder)).weights))
        t.deepEqual(tensor, weights[name], name);
    },
  );

test.serial("a README that is no model card is not written over", async (t) => {
  const folder = await temporary();
  await writeFile(join(folder, "README.md"), "# mine\n");
  const args = ["export", "--weights", sources["a ViT"].file, "--format", "transformers", "--out", folder];
  const { code, stderr } = await hcsc(...args);
  t.is(code, 1);
  t.regex(stderr, /README\.md is there and is no model card of an export.*--out/);
  t.is(await readFile(join(folder, "README.md"), "utf8"), "# mine\n");
});
