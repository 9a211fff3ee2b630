/** The view inside the exported model beside the view of training, which has Pillow's numbers (see augmentPillow.test.ts). */
import test from "ava";
import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { evaluationView } from "../../src/data/index.js";
import { encodeModel } from "../../src/onnx/index.js";
import { imageView, type ViewSettings } from "../../src/programs/imageView.js";

const model = (settings: ViewSettings): Uint8Array => {
  const { size, channels } = settings;
  return encodeModel({
    name: "view",
    inputs: [{ name: "images", dtype: "uint8", shape: ["batch", "height", "width", 3] }],
    outputs: [{ name: "pixels", dtype: "float32", shape: ["batch", channels, size, size] }],
    ...imageView("images", "pixels", settings),
  });
};

const statistics = {
  1: { mean: [0.286], std: [0.353] },
  3: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
} as const;

for (const [channels, size, resize, interpolation] of [
  [3, 32, 0, "bilinear"],
  [3, 32, 0, "bicubic"],
  [3, 28, 20, "bilinear"], // smaller than the cut: zeros around it
  [3, 15, 40, "bicubic"],
  [1, 28, 0, "bilinear"],
] as const)
  test(`${channels} channels, ${size} px, resize ${resize}, ${interpolation}: the very numbers, at any size`, async (t) => {
    const settings = { channels, size, resize, interpolation, ...statistics[channels] };
    const session = await ort.InferenceSession.create(model(settings));
    const side = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(size));
    await fc.assert(
      fc.asyncProperty(side, side, fc.integer(), fc.boolean(), async (height, width, seed, isSmooth) => {
        let x = seed;
        const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
          x = (Math.imul(x, 1664525) + 1013904223) | 0;
          return isSmooth ? 128 + 120 * Math.sin(i / 40 + seed) : x >>> 24;
        });
        const view = new Uint8Array(channels * size * size);
        evaluationView({ height, width, channels: 3, data }, settings, view, 0);
        const { mean, std } = settings;
        const expected = Float32Array.from(view, (level, i) => {
          const channel = Math.floor(i / size ** 2);
          const centred = Math.fround(Math.fround(level / 255) - Math.fround(mean[channel]));
          return centred / Math.fround(std[channel]);
        });
        const images = new ort.Tensor("uint8", data, [1, height, width, 3]);
        const { pixels } = await session.run({ images });
        t.deepEqual(pixels.data, expected, `${height}×${width}`);
      }),
      { numRuns: 60 },
    );
    await session.release();
  });
