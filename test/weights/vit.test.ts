/** Vision transformers' weights: names of others, what is joined or resampled to fit, and the way back (test/fixtures/README.md). */
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import type { DenseArray } from "../../src/array.js";
import { encoderModel, encoderSettings, initialEncoder } from "../../src/programs/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { detectEncoder, encodeTorch, fitWeights, openWeights } from "../../src/weights/index.js";
import { hcsc, images, temporary } from "../commands/cli.js";

const tiny = {
  backbone: "vit-tiny-patch4",
  width: 1 / 16,
  channels: 3,
  dimension: 128,
  head: "mlp",
  imageSize: 16,
} as const;
const settings = encoderSettings(tiny);
const hf = "test/fixtures/weights/hf-vit";

type Tensors = Record<string, DenseArray<Float32Array>>;
const fixture = (await readTensors("test/fixtures/nn/vit.safetensors")).tensors as ReadonlyMap<
  string,
  DenseArray<Float32Array>
>;
const expected: Tensors = Object.fromEntries(
  [...fixture].flatMap(([name, tensor]) =>
    name.startsWith("weights/") ? [[name.slice("weights/".length), tensor]] : [],
  ),
);
const distance = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i])), 0);

/** A file of PyTorch's with the fixture's tensors under other names. */
async function fileOf(rename: (name: string) => string, more: Tensors = {}): Promise<string> {
  const file = join(await temporary(), "vit.pth");
  const entries = Object.entries(expected).map(([name, tensor]) => [rename(name), tensor] as const);
  await writeFile(file, encodeTorch({ ...Object.fromEntries(entries), ...more }));
  return file;
}

/** As torchvision.models.vit_b_16 names them. */
const torchvisionName = (name: string): string =>
  name
    .replace(/^cls_token$/, "class_token")
    .replace(/^pos_embed$/, "encoder.pos_embedding")
    .replace("patch_embed.proj", "conv_proj")
    .replace(/^norm\./, "encoder.ln.")
    .replace(/^blocks\.(\d+)\./, "encoder.layers.encoder_layer_$1.")
    .replace(/\.norm([12])\./, ".ln_$1.")
    .replace(".attn.qkv.", ".self_attention.in_proj_")
    .replace(".attn.proj.", ".self_attention.out_proj.")
    .replace(".mlp.fc1.", ".mlp.0.")
    .replace(".mlp.fc2.", ".mlp.3.");

const small = { shape: [2, 12], data: new Float32Array(24) };
for (const [whose, layout, rename, more] of [
  ["timm's, with its classifier", "timm", (name: string) => name, { "head.weight": small }],
  [
    "MoCo v3's",
    "timm under base_encoder.",
    (n: string) => `module.base_encoder.${n}`,
    { "module.momentum_encoder.cls_token": small },
  ],
  ["DINO's", "timm under backbone.", (name: string) => `backbone.${name}`, { "head.mlp.0.weight": small }],
  ["torchvision's", "torchvision", torchvisionName, { "heads.head.weight": small }],
] as const)
  test(`${whose} names`, async (t) => {
    const { weights, report } = fitWeights(await openWeights(await fileOf(rename, more)), settings);
    t.like(report, { layout, head: "seed", missing: [], wrongShape: [], unused: [], others: 1, adapted: [] });
    t.deepEqual(weights, expected);
  });

test("a Hugging Face folder: every tensor, queries, keys and values as one product; the kind told by names, shapes and config", async (t) => {
  const opened = await openWeights(hf);
  const { weights, report } = fitWeights(opened, settings);
  // The pooler's two tensors are of no use here.
  t.like(report, { layout: "Hugging Face", missing: [], wrongShape: [], unused: [], others: 2 });
  t.deepEqual(Object.keys(weights).sort(), Object.keys(expected).sort());
  for (const [name, { data }] of Object.entries(weights))
    t.true(
      data.every((x, i) => Math.abs(x - expected[name].data[i]) <= 2 ** -8 * Math.abs(x) + 1e-7),
      name,
    );
  t.deepEqual(detectEncoder(opened), tiny);
});

test("heads that no backbone has, and activations that are not known, are refused", async (t) => {
  const folder = await temporary();
  await cp(hf, folder, { recursive: true });
  const config = JSON.parse(await readFile(join(hf, "config.json"), "utf8"));
  const withConfig = async (changes: object) => {
    await writeFile(join(folder, "config.json"), JSON.stringify({ ...config, ...changes }));
    return openWeights(folder);
  };
  const opened = await withConfig({ num_attention_heads: 5 });
  t.regex(t.throws(() => detectEncoder(opened)).message, /patches of 4 px and 5 heads is none of them/);
  const error = await t.throwsAsync(withConfig({ hidden_act: "quick_gelu" }));
  t.regex(error.message, /config\.json: hidden_act is quick_gelu/);
});

test("positions are resampled for other sizes of images, as timm does", async (t) => {
  const opened = await openWeights(await fileOf((name) => name));
  for (const side of [2, 7]) {
    const { weights, report } = fitWeights(opened, encoderSettings({ ...tiny, imageSize: 4 * side }));
    t.deepEqual(report.adapted, ["positions resampled for the images' size"]);
    t.true(distance(weights.pos_embed.data, fixture.get(`positions/${side}`)?.data as Float32Array) < 1e-6);
  }
});

test("a ViT's ONNX file is read again; its width tells no other backbone", async (t) => {
  const file = join(await temporary(), "encoder.onnx");
  const whole = { ...tiny, head: "mlp-bn", dimension: 8 } as const;
  const own = encoderSettings(whole);
  const weights = { ...initialEncoder(own, 1), ...expected };
  await writeFile(file, encoderModel(own, weights, null));
  const opened = await openWeights(file);
  t.deepEqual(detectEncoder(opened), whole);
  const fitted = fitWeights(opened, own);
  t.deepEqual(fitted.weights, weights);
  t.is(fitted.report.head, "file");
});

test("a block that no transformer here has is named", async (t) => {
  const opened = await openWeights(await fileOf((name) => name, { "blocks.0.ls1.gamma": small }));
  t.regex(t.throws(() => fitWeights(opened, settings)).message, /1 without a place: blocks\.0\.ls1\.gamma/);
});

test("eval knn takes a ViT's folder", async (t) => {
  const { code, stdout, stderr } = await hcsc(
    "eval",
    "knn",
    "--weights",
    hf,
    "--data",
    images,
    "--split",
    "0.25",
    "--json",
  );
  t.is(code, 0, stderr);
  t.like(JSON.parse(stdout), { testImages: 16, fit: { matched: 150, head: "seed" } });
});
