/** Files that PyTorch 2.13 and safetensors wrote (test/fixtures/README.md) hold the numbers that PyTorch held. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import * as ort from "onnxruntime-node";
import { encoderModel, encoderSettings } from "../../src/programs/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { detectEncoder, encodeTorch, fitWeights, openWeights } from "../../src/weights/index.js";
import { readTorchZip } from "../../src/weights/torchFile.js";
import { temporary } from "../commands/cli.js";

const folder = "test/fixtures/weights";
const tiny = { backbone: "resnet8", width: 0.125, channels: 3, dimension: 4, imageSize: 16 } as const;
const settings = encoderSettings(tiny);
/** As the file tells it: the image size is the usual one of its stem. */
const detected = { ...tiny, head: "mlp", imageSize: 32 };

const expected = (await readTensors(`${folder}/expected.safetensors`)).tensors;
const weightOf = (name: string): Float32Array => expected.get(`weights/${name}`)?.data as Float32Array;

/** The largest relative step of a number that is rounded so. */
const rounding = { none: 0, half: 2 ** -11, brain: 2 ** -8 } as const;

// 9 convolutions, 9 norms of 4 tensors, and with a head 4 more.
const cases: readonly (readonly [
  file: string,
  layout: string,
  head: "file" | "seed",
  rounded: keyof typeof rounding,
])[] = [
  ["torchvision.pth", "torchvision", "seed", "none"],
  ["hcsc.pth", "torchvision under encoder_q.", "file", "none"],
  ["legacy.pth", "torchvision under encoder_q.", "file", "none"],
  ["half.pth", "torchvision under backbone.", "seed", "half"],
  ["brain.pth", "torchvision", "seed", "brain"],
  ["strided.pth", "torchvision", "seed", "none"],
  ["sequence.pth", "a sequence of torchvision's layers under backbone.", "seed", "none"],
  ["hf", "Hugging Face under resnet.", "seed", "brain"],
];

for (const [file, layout, head, rounded] of cases)
  test(`${file}: every tensor, under its name here`, async (t) => {
    const opened = await openWeights(`${folder}/${file}`);
    const { weights, report } = fitWeights(opened, settings);
    t.like(report, { layout, head, missing: [], wrongShape: [], unused: [], matched: head === "file" ? 49 : 45 });
    for (const [name, { data }] of Object.entries(weights)) {
      const wanted = weightOf(name);
      if (rounded === "none") t.deepEqual(data, wanted, name);
      else
        data.forEach((x, i) => {
          const close = Math.abs(x - wanted[i]) <= rounding[rounded] * Math.abs(wanted[i]) + 1e-7;
          if (!close) t.fail(`${name} ${i}: ${x}, not ${wanted[i]}`);
        });
    }
  });

test("the encoder of imported weights gives PyTorch's features", async (t) => {
  const { weights } = fitWeights(await openWeights(`${folder}/hcsc.pth`), settings);
  const session = await ort.InferenceSession.create(encoderModel(settings, weights, null));
  const { data, shape } = expected.get("pixels") as { data: Float32Array; shape: number[] };
  const out = await session.run({ pixels: new ort.Tensor("float32", data, shape) });
  const features = expected.get("features")?.data as Float32Array;
  for (const [i, x] of features.entries()) t.true(Math.abs(x - (out.features.data as Float32Array)[i]) < 1e-5);
  await session.release();
});

test("what a file is of is told by its names and shapes", async (t) => {
  t.deepEqual(detectEncoder(await openWeights(`${folder}/hcsc.pth`)), detected);
  t.deepEqual(detectEncoder(await openWeights(`${folder}/half.pth`)), { ...detected, dimension: 128 });
  const other = await openWeights(`${folder}/stem7.pth`);
  const error = t.throws(() => detectEncoder(other));
  t.regex(
    error.message,
    /no backbone that is known.*nearest is resnet8: 1 of another shape: conv1\.weight is \[2,3,7,7\]/,
  );
});

test("grey images take the sum of the filters over colour", async (t) => {
  const { weights, report } = fitWeights(
    await openWeights(`${folder}/torchvision.pth`),
    encoderSettings({ ...tiny, channels: 1 }),
  );
  t.deepEqual(report.adapted, ["first filters summed over colour, for grey images"]);
  const [filters, colour] = [weights["conv1.weight"].data, weightOf("conv1.weight")];
  t.is(filters.length, 2 * 9);
  filters.forEach((x, i) => {
    const at = Math.floor(i / 9) * 27 + (i % 9);
    t.true(Math.abs(x - (colour[at] + colour[at + 9] + colour[at + 18])) < 1e-6);
  });
});

test("what does not fit is refused with all of it, or left out and named", async (t) => {
  const opened = await openWeights(`${folder}/stem7.pth`);
  const strict = t.throws(() => fitWeights(opened, settings));
  t.regex(strict.message, /1 of another shape: conv1\.weight is \[2,3,7,7\], \[2,3,3,3\] is needed/);
  t.regex(strict.message, /first filters are 7×7, the encoder's 3×3.*take the 44 that fit/);
  const { weights, report } = fitWeights(opened, settings, true);
  t.like(report, { matched: 44, missing: [], wrongShape: [{ name: "conv1.weight", file: [2, 3, 7, 7] }] });
  t.false("conv1.weight" in weights);

  const deeper = encoderSettings({ ...tiny, backbone: "resnet14" });
  t.regex(t.throws(() => fitWeights(opened, deeper)).message, /30 missing: layer1\.1\.conv1\.weight/);
  const wide = encoderSettings({ ...tiny, width: 4 });
  t.regex(t.throws(() => fitWeights(opened, wide, true)).message, /none of its tensors fits/);
  const deep = { ...opened, names: { ...opened.names, unknown: ["layer1.0.se.fc1.weight"] } };
  t.regex(t.throws(() => fitWeights(deep, settings)).message, /1 without a place: layer1\.0\.se\.fc1\.weight/);
});

test("an exported model's weights are read out of it again", async (t) => {
  const { weights } = fitWeights(await openWeights(`${folder}/hcsc.pth`), settings);
  const file = join(await temporary(), "encoder.onnx");
  await writeFile(file, encoderModel(settings, weights, null));
  const opened = await openWeights(file);
  t.deepEqual(detectEncoder(opened), detected);
  t.deepEqual(fitWeights(opened, settings).weights, weights);
});

test("what is written for PyTorch is read back, with BatchNorm's counters", (t) => {
  const tensors = {
    "conv1.weight": { shape: [2, 1, 1, 3], data: Float32Array.of(1, -2, 3, 0.5, 1e-30, 6) },
    "bn1.running_var": { shape: [1], data: Float32Array.of(4) },
    scalar: { shape: [], data: Float32Array.of(7) },
  };
  const read = readTorchZip(encodeTorch(tensors), "made.pth");
  t.deepEqual([...read.tensors.keys()], ["conv1.weight", "bn1.running_var", "bn1.num_batches_tracked", "scalar"]);
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    t.deepEqual(read.tensors.get(name)?.shape, shape);
    t.deepEqual(read.tensors.get(name)?.read(), data);
  }
});
