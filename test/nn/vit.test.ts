/** Vision transformers: names, features and gradients of timm's (test/fixtures/README.md), positions of MoCo v3's and timm's. */
import test from "ava";
import * as ort from "onnxruntime-node";
import type { DenseArray } from "../../src/array.js";
import {
  buildModel,
  constant,
  deviceForm,
  differentiate,
  expandComposites,
  forDevices,
  type Graph,
  mul,
  sum,
  type Value,
} from "../../src/graph/index.js";
import { type BackboneName, backbones, Parameters, resampledPositions, Scope, training } from "../../src/nn/index.js";
import {
  encoderModel,
  encoderSettings,
  encoderSpecs,
  initialEncoder,
  isTrainable,
  state,
} from "../../src/programs/index.js";
import { parseRecipe } from "../../src/recipe/index.js";
import { readTensors } from "../../src/tensorfile/index.js";

const { tensors: fixture } = await readTensors("test/fixtures/nn/vit.safetensors");
const given = (name: string) => fixture.get(name) as DenseArray<Float32Array>;
const under = (prefix: string): Record<string, DenseArray<Float32Array>> =>
  Object.fromEntries(
    [...fixture].flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value as DenseArray<Float32Array>]] : [],
    ),
  );
const weights = under("weights/");

/** The fixture's: a sixteenth of the width. */
const tiny = { backbone: "vit-tiny-patch4", width: 1 / 16, channels: 3, imageSize: 16, dimension: 8 } as const;
const net = backbones[tiny.backbone](tiny);

const largest = (data: Float32Array): number => data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
const distance = (a: Float32Array, b: Float32Array): number => largest(a.map((x, i) => x - b[i]));

async function run(graph: Graph): Promise<Record<string, Float32Array>> {
  const session = await ort.InferenceSession.create(buildModel(graph), { logSeverityLevel: 3 });
  const out = await session.run({});
  await session.release();
  return Object.fromEntries(Object.entries(out).map(([name, { data }]) => [name, data as Float32Array]));
}

const fixed = ({ shape, data }: DenseArray<Float32Array>): Value => constant(data, shape);

/** Features of the fixture's network, and gradients of their product with its cotangent. */
function outputsOf() {
  const values = new Map(Object.entries(weights).map(([name, tensor]) => [name, fixed(tensor)]));
  const parameters = new Parameters("", ({ name }) => values.get(name) as Value);
  const features = net.features(new Scope(parameters, training()), fixed(given("pixels")));
  const learned = parameters.entries(true);
  const gradients = differentiate(
    sum(mul(features, fixed(given("cotangent")))),
    learned.map(([, v]) => v),
  );
  return { features, ...Object.fromEntries(learned.map(([name], i) => [`gradient/${name}`, gradients[i]])) };
}

const forms = {
  "in standard ops": (outputs: readonly Value[]) => expandComposites(outputs),
  "as devices take it": (outputs: readonly Value[]) => deviceForm(expandComposites(outputs, forDevices)),
} as const;

for (const [form, formed] of Object.entries(forms))
  test(`features and gradients ${form} are timm's`, async (t) => {
    const outputs = outputsOf();
    const made = formed(Object.values(outputs));
    const found = await run({
      name: "vit",
      inputs: [],
      outputs: Object.fromEntries(Object.keys(outputs).map((name, i) => [name, made[i]])),
    });
    t.true(
      distance(found.features, given("features").data) < 1e-5,
      `${distance(found.features, given("features").data)}`,
    );
    const expected = under("gradients/");
    t.deepEqual(
      Object.keys(expected).sort(),
      Object.keys(found)
        .filter((name) => name !== "features")
        .map((name) => name.slice("gradient/".length))
        .sort(),
    );
    for (const [name, { data }] of Object.entries(expected)) {
      const error = distance(found[`gradient/${name}`], data) / largest(data);
      t.true(error < 1e-4, `${name}: ${error} of the largest`);
    }
  });

test("its tensors carry timm's names and shapes; patch embedding and positions are frozen", (t) => {
  const specs = encoderSpecs(encoderSettings(tiny)).filter(({ name }) => !name.startsWith("fc."));
  const listed = (entries: readonly (readonly [string, readonly number[]])[]) =>
    entries.map(([name, shape]) => `${name} ${shape}`).sort();
  t.deepEqual(
    listed(specs.map(({ name, shape }) => [name, shape])),
    listed(Object.entries(weights).map(([name, { shape }]) => [name, shape])),
  );
  t.deepEqual(
    specs
      .filter((s) => !s.trainable)
      .map((s) => s.name)
      .sort(),
    ["patch_embed.proj.bias", "patch_embed.proj.weight", "pos_embed"],
  );
});

// timm's models without their classifier: sum(p.numel()).
for (const [backbone, imageSize, count] of [
  ["vit-tiny-patch16", 224, 5_524_416],
  ["vit-small-patch16", 224, 21_665_664],
  ["vit-base-patch16", 224, 85_798_656],
] as const)
  test(`${backbone} has timm's ${count} parameters`, (t) => {
    const specs = encoderSpecs(encoderSettings({ backbone, width: 1, channels: 3, imageSize, dimension: 128 }));
    const own = specs.filter(({ name }) => !name.startsWith("fc."));
    t.is(
      own.reduce((n, { shape }) => n + shape.reduce((p, d) => p * d, 1), 0),
      count,
    );
  });

test("names say of every encoder's tensors whether gradients move them", (t) => {
  for (const backbone of Object.keys(backbones) as BackboneName[])
    for (const head of ["mlp", "mlp-bn"] as const)
      for (const { name, trainable } of encoderSpecs(encoderSettings({ ...tiny, backbone, imageSize: 32, head })))
        t.is(isTrainable(state.query(name)), trainable, name);
});

test("positions start as MoCo v3's sines and cosines, and are resampled as timm's", async (t) => {
  const start = initialEncoder(encoderSettings(tiny), 1);
  t.true(distance(start.pos_embed.data, given("sincos").data) < 1e-6);
  for (const side of [2, 3, 7]) {
    const made = resampledPositions(weights.pos_embed.data, 4, side);
    t.true(distance(made, given(`positions/${side}`).data) < 1e-6);
  }
});

test("images of another side take positions resampled in the graph", async (t) => {
  const parameters = new Parameters("", ({ name }) => fixed(weights[name]));
  const [features] = expandComposites([net.features(new Scope(parameters, training()), fixed(given("pixels/2")))]);
  const found = await run({ name: "local", inputs: [], outputs: { features } });
  t.true(distance(found.features, given("features/2").data) < 1e-5);
});

test("the exported encoder takes any batch", async (t) => {
  const settings = encoderSettings(tiny);
  const model = encoderModel(settings, { ...initialEncoder(settings, 2), ...weights }, null);
  const session = await ort.InferenceSession.create(model);
  const { shape, data } = given("pixels");
  for (const count of [1, 3]) {
    const part = data.slice(0, count * 3 * 16 * 16);
    const { features, embedding } = await session.run({
      pixels: new ort.Tensor("float32", part, [count, ...shape.slice(1)]),
    });
    t.true(distance(features.data as Float32Array, given("features").data.slice(0, count * 12)) < 1e-5);
    t.deepEqual(embedding.dims, [count, 8]);
  }
  await session.release();
});

test("a side that is no whole number of patches is refused with its field", (t) => {
  const recipe = {
    name: "x",
    encoder: { backbone: "vit-tiny-patch16", imageSize: 100 },
    method: {},
    epochs: 1,
    batchSize: 8,
  };
  const error = t.throws(() => parseRecipe(recipe, "x.json"));
  t.regex(error.message, /encoder\.imageSize.*100 px is no whole number of vit-tiny-patch16's patches of 16 px/);
});
