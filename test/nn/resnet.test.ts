import test from "ava";
import type { BackboneName } from "../../src/nn/index.js";
import { encoderSettings, encoderSpecs, initialEncoder } from "../../src/programs/index.js";

const encoderOf = (backbone: BackboneName, width = 1) =>
  encoderSettings({ backbone, width, channels: 3, imageSize: 64, dimension: 128 });
const specsOf = (backbone: BackboneName, width = 1) => encoderSpecs(encoderOf(backbone, width));
const trainable = (backbone: BackboneName) =>
  specsOf(backbone)
    .filter((s) => s.trainable && !s.name.startsWith("fc."))
    .reduce((n, s) => n + s.shape.reduce((p, d) => p * d, 1), 0);

// torchvision's models without their classifier: sum(p.numel()) less fc.
for (const [backbone, parameters, width] of [
  ["resnet18", 11_176_512, 512],
  ["resnet34", 21_284_672, 512],
  ["resnet50", 23_508_032, 2048],
  ["resnet101", 44_549_160 - 2_049_000, 2048],
  ["wide-resnet50", 68_883_240 - 2_049_000, 2048],
] as const) {
  test(`${backbone} has torchvision's ${parameters} parameters and ${width} features`, (t) => {
    t.is(trainable(backbone), parameters);
    t.is(encoderOf(backbone).backbone.featureWidth, width);
  });
}

test("ResNet-18's tensors carry torchvision's names and shapes", (t) => {
  const norm = (name: string, c: number) =>
    ["weight", "bias", "running_mean", "running_var"].map((p) => `${name}.${p} ${c}`);
  const expected = ["conv1.weight 64,3,7,7", ...norm("bn1", 64)];
  for (const [stage, c] of [64, 128, 256, 512].entries()) {
    for (const block of [0, 1]) {
      const at = `layer${stage + 1}.${block}`;
      const input = block === 0 && stage > 0 ? c / 2 : c;
      expected.push(`${at}.conv1.weight ${c},${input},3,3`, ...norm(`${at}.bn1`, c));
      expected.push(`${at}.conv2.weight ${c},${c},3,3`, ...norm(`${at}.bn2`, c));
      if (input !== c) expected.push(`${at}.downsample.0.weight ${c},${input},1,1`, ...norm(`${at}.downsample.1`, c));
    }
  }
  expected.push("fc.0.weight 512,512", "fc.0.bias 512", "fc.2.weight 128,512", "fc.2.bias 128");
  t.deepEqual(
    specsOf("resnet18")
      .map((s) => `${s.name} ${s.shape}`)
      .sort(),
    expected.sort(),
  );
});

/** torchvision's `Bottleneck`: the stride on the 3×3, `width_per_group` of 128 instead of 64 in the wide one. */
for (const [backbone, blocks, inner] of [
  ["resnet101", [3, 4, 23, 3], 1],
  ["wide-resnet50", [3, 4, 6, 3], 2],
] as const)
  test(`${backbone}'s tensors carry torchvision's names and shapes`, (t) => {
    const expected = ["conv1.weight 64,3,7,7", "bn1.weight 64"];
    for (const [stage, planes] of [64, 128, 256, 512].entries())
      for (let block = 0; block < blocks[stage]; block++) {
        const at = `layer${stage + 1}.${block}`;
        const input = block > 0 ? 4 * planes : stage > 0 ? 2 * planes : 64;
        const narrow = inner * planes;
        expected.push(`${at}.conv1.weight ${narrow},${input},1,1`, `${at}.bn1.weight ${narrow}`);
        expected.push(`${at}.conv2.weight ${narrow},${narrow},3,3`, `${at}.bn2.weight ${narrow}`);
        expected.push(`${at}.conv3.weight ${4 * planes},${narrow},1,1`, `${at}.bn3.weight ${4 * planes}`);
        if (block === 0)
          expected.push(
            `${at}.downsample.0.weight ${4 * planes},${input},1,1`,
            `${at}.downsample.1.weight ${4 * planes}`,
          );
      }
    t.deepEqual(
      specsOf(backbone)
        .filter((s) => s.name.endsWith("weight") && !s.name.startsWith("fc."))
        .map((s) => `${s.name} ${s.shape}`)
        .sort(),
      expected.sort(),
    );
  });

test("width multiplies the filters of every stage, and the features", (t) => {
  t.is(encoderOf("resnet8", 2).backbone.featureWidth, 128);
  const [narrow, wide] = [specsOf("resnet8"), specsOf("resnet8", 2)];
  const shape = (specs: typeof narrow, name: string) => specs.find((s) => s.name === name)?.shape;
  t.deepEqual(shape(narrow, "layer2.0.conv1.weight"), [32, 16, 3, 3]);
  t.deepEqual(shape(wide, "layer2.0.conv1.weight"), [64, 32, 3, 3]);
});

test("an encoder starts the same for a seed, otherwise for another, with norms at one", (t) => {
  const settings = encoderSettings({ backbone: "resnet8", width: 1, channels: 1, imageSize: 28, dimension: 16 });
  const [a, b, other] = [initialEncoder(settings, 1), initialEncoder(settings, 1), initialEncoder(settings, 2)];
  t.deepEqual(a, b);
  t.notDeepEqual(a["conv1.weight"], other["conv1.weight"]);
  t.true(a["bn1.weight"].data.every((x) => x === 1) && a["bn1.bias"].data.every((x) => x === 0));
});

test("filters start with the spread of He et al. over their outputs, linear layers uniform in ±1/√inputs", (t) => {
  const start = initialEncoder(encoderOf("resnet18-small"), 7);
  for (const [name, { shape, data }] of Object.entries(start)) {
    if (shape.length < 2) continue;
    const spread = Math.sqrt(data.reduce((s, x) => s + x * x, 0) / data.length);
    const [outputs, inputs, height = 1, width = 1] = shape;
    const isFilter = shape.length === 4;
    const expected = isFilter ? Math.sqrt(2 / (outputs * height * width)) : 1 / Math.sqrt(3 * inputs);
    const tolerance = 4 / Math.sqrt(2 * data.length); // four deviations of the estimate
    t.true(Math.abs(spread / expected - 1) < tolerance, `${name}: ${spread}, ${expected} expected`);
    if (!isFilter) t.true(data.every((x) => Math.abs(x) <= 1 / Math.sqrt(inputs)));
  }
});
