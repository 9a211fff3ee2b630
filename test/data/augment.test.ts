import test from "ava";
import fc from "fast-check";
import {
  applyOperation,
  drawView,
  evaluationView,
  type Operation,
  randomView,
  type ViewPolicy,
  writeView,
} from "../../src/data/augment/index.js";
import type { Picture } from "../../src/data/source.js";
import { random } from "../../src/random.js";
import { readFixture } from "../cluster/fixture.js";

const policy: ViewPolicy = {
  size: 32,
  channels: 3,
  scale: [0.2, 1],
  ratio: [3 / 4, 4 / 3],
  jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 0.8 },
  grayscaleProbability: 0.2,
  blur: { sigma: [0.1, 2], probability: 0.5 },
  flipProbability: 0.5,
};
const grey: ViewPolicy = { ...policy, channels: 1 };

/** A picture's pixels from the seed: noise over a gradient, so that both edges and flat parts occur. */
function pictureOf(height: number, width: number, channels: 1 | 3, seed: number): Picture {
  const next = random(seed);
  const noise = next() * 200;
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => ((i / 7) % 56) | 0).map(
    (v) => v + noise * next(),
  );
  return { height, width, channels, data };
}
const pictures = (channels: 1 | 3, largest = 40) =>
  fc
    .tuple(fc.integer({ min: 1, max: largest }), fc.integer({ min: 1, max: largest }), fc.nat())
    .map(([height, width, seed]) => pictureOf(height, width, channels, seed));

/** The grey picture with its channel three times. */
const repeated = (picture: Picture): Picture => ({
  ...picture,
  channels: 3,
  data: Uint8Array.from({ length: picture.data.length * 3 }, (_, i) => picture.data[Math.floor(i / 3)]),
});

const view = (picture: Picture, steps: readonly Operation[], p: ViewPolicy) => {
  const out = new Uint8Array(p.channels * p.size ** 2);
  writeView(picture, steps, p.channels, out, 0);
  return out;
};

/** As torchvision normalises: float32 at each step. */
function normalised(pixels: Uint8Array, fixture: ReturnType<typeof readFixture>): Float32Array {
  const [mean, std] = [fixture.config.mean, fixture.config.std] as number[][];
  const plane = pixels.length / mean.length;
  const of = (v: number, c: number) => Math.fround(Math.fround(v / 255) - Math.fround(mean[c])) / Math.fround(std[c]);
  return Float32Array.from(pixels, (v, i) => of(v, Math.floor(i / plane)));
}

test("every operation of augment-operations is exact", (t) => {
  const fixture = readFixture("augment-operations");
  const operations = fixture.config.operations as (Operation & { image: number })[];
  for (const [i, operation] of operations.entries()) {
    const expected = fixture.tensor(`out.op_${i}`);
    const found = applyOperation(fixturePicture(fixture, operation.image), operation);
    t.deepEqual([found.height, found.width, found.channels], expected.shape as [number, number, 3]);
    t.deepEqual(found.data, expected.data as Uint8Array, `operation ${i}, ${JSON.stringify(operation)}`);
  }
  for (const image of [0, 1]) {
    const corner: Operation = { op: "resizedCrop", top: 0, left: 0, height: 24, width: 24, size: 24 };
    const found = view(fixturePicture(fixture, image), [corner], { ...policy, size: 24 });
    t.deepEqual(normalised(found, fixture), fixture.numbers(`out.normalized_${image}`));
  }
});

test("every view of augment-pipeline is exact", (t) => {
  const fixture = readFixture("augment-pipeline");
  const views = fixture.config.views as { image: number; steps: Operation[] }[];
  for (const [v, { image, steps }] of views.entries()) {
    const found = normalised(view(fixturePicture(fixture, image), steps, policy), fixture);
    t.deepEqual(found, fixture.numbers(`out.view_${v}`), `view ${v}`);
  }
});

test("a view is its operations one after the other", (t) => {
  fc.assert(
    fc.property(pictures(3), fc.nat(), (picture, seed) => {
      const found = new Uint8Array(3 * 32 * 32);
      randomView(picture, policy, random(seed), found, 0);
      const steps = drawView(picture, policy, random(seed));
      const plain = steps.reduce(applyOperation, picture);
      t.deepEqual(found, view(plain, [], policy));
    }),
  );
});

test("a grey picture's views equal those of the same picture in three channels", (t) => {
  fc.assert(
    fc.property(pictures(1), fc.nat(), (picture, seed) => {
      const steps = drawView(picture, policy, random(seed));
      t.deepEqual(view(picture, steps, policy), view(repeated(picture), steps, policy));
    }),
  );
});

test("one channel of a colour picture is that of its luma", (t) => {
  fc.assert(
    fc.property(pictures(3), fc.nat(), (picture, seed) => {
      const steps = drawView(picture, grey, random(seed));
      const luma = applyOperation(picture, { op: "grayscale" });
      t.deepEqual(
        view(picture, steps, grey),
        view({ ...luma, channels: 1, data: luma.data.filter((_, i) => i % 3 === 0) }, steps, grey),
      );
    }),
  );
});

test("laws: two flips, factors of one, flat pictures, no change of size", (t) => {
  fc.assert(
    fc.property(
      fc.oneof(pictures(1), pictures(3)),
      fc.nat(255),
      fc.double({ min: 0.1, max: 4, noNaN: true }),
      (picture, level, sigma) => {
        const flip: Operation = { op: "horizontalFlip" };
        t.deepEqual(applyOperation(applyOperation(picture, flip), flip), picture);
        for (const op of ["brightness", "contrast", "saturation"] as const)
          t.deepEqual(applyOperation(picture, { op, factor: 1 }), picture);
        const whole = {
          op: "resize",
          shortSide: Math.min(picture.height, picture.width),
          interpolation: "bicubic",
        } as const;
        t.deepEqual(applyOperation(picture, whole), picture);
        const flat = { ...picture, data: picture.data.map(() => level) };
        t.deepEqual(applyOperation(flat, { op: "gaussianBlur", sigma }), flat);
        t.deepEqual(applyOperation(flat, { op: "contrast", factor: sigma }), flat);
        const box = { top: 0, left: 0, height: picture.height, width: picture.width };
        t.true(applyOperation(flat, { op: "resizedCrop", ...box, size: 17 }).data.every((v) => v === level));
      },
    ),
    { numRuns: 50 },
  );
});

test("blurring or recolouring commutes with a flip", (t) => {
  const steps: readonly Operation[] = [
    { op: "gaussianBlur", sigma: 0.7 },
    { op: "gaussianBlur", sigma: 1.9 },
    { op: "gaussianBlur", sigma: 4.5 },
    { op: "hue", factor: 0.08 },
    { op: "contrast", factor: 1.3 },
  ];
  fc.assert(
    fc.property(pictures(3), fc.constantFrom(...steps), (picture, step) => {
      const flip: Operation = { op: "horizontalFlip" };
      t.deepEqual(
        applyOperation(applyOperation(picture, flip), step),
        applyOperation(applyOperation(picture, step), flip),
      );
    }),
  );
});

test("crops lie inside, have the asked areas and ratios, and fall back to the middle", (t) => {
  const shares: number[] = [];
  for (let seed = 0; seed < 2000; seed++) {
    const [crop] = drawView({ height: 300, width: 400 }, policy, random(seed));
    if (crop.op !== "resizedCrop") return t.fail();
    t.true(crop.top >= 0 && crop.left >= 0 && crop.top + crop.height <= 300 && crop.left + crop.width <= 400);
    const ratio = crop.width / crop.height;
    t.true(ratio > 0.74 && ratio < 1.35);
    shares.push((crop.width * crop.height) / 120000);
  }
  t.true(Math.min(...shares) < 0.21 && Math.min(...shares) > 0.195 && Math.max(...shares) > 0.9);
  const [crop] = drawView({ height: 10, width: 300 }, { ...policy, scale: [1, 1] }, random(1));
  t.like(crop, { top: 0, left: 143, height: 10, width: 13 });
});

test("the choices follow their probabilities", (t) => {
  const counts = new Map<string, number>();
  const draws = 4000;
  for (let seed = 0; seed < draws; seed++) {
    for (const { op } of drawView({ height: 30, width: 30 }, policy, random(7, seed)))
      counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  const expected = {
    resizedCrop: 1,
    hue: 0.8,
    brightness: 0.8,
    grayscale: 0.2,
    gaussianBlur: 0.5,
    horizontalFlip: 0.5,
  };
  for (const [op, share] of Object.entries(expected)) {
    t.true(Math.abs((counts.get(op) ?? 0) / draws - share) < 0.04, `${op}: ${counts.get(op)} of ${draws}`);
  }
});

test("an evaluation view is the middle of the resized picture, or the picture as it is", (t) => {
  const evaluation = { size: 28, channels: 3, resize: 0, interpolation: "bilinear" } as const;
  const p = { ...policy, size: 28 };
  const out = new Uint8Array(3 * 28 * 28);
  for (const interpolation of ["bilinear", "bicubic"] as const) {
    for (const [height, width] of [
      [50, 41],
      [41, 50],
      [33, 64],
      [9, 12],
    ]) {
      const picture = pictureOf(height, width, 3, height);
      const resized = applyOperation(picture, { op: "resize", shortSide: 32, interpolation });
      evaluationView(picture, { ...evaluation, interpolation }, out, 0);
      t.deepEqual(out, view(applyOperation(resized, { op: "centerCrop", size: 28 }), [], p));
      evaluationView(picture, { ...evaluation, interpolation, resize: 20 }, out, 0);
      const small = applyOperation(picture, { op: "resize", shortSide: 20, interpolation });
      t.deepEqual(out, view(applyOperation(small, { op: "centerCrop", size: 28 }), [], p));
    }
  }
  const same = pictureOf(28, 28, 1, 5);
  evaluationView(same, evaluation, out, 0);
  t.deepEqual(out, view(same, [], p));
});

test("a view is written where it is asked, and nowhere else", (t) => {
  const out = new Uint8Array(3 * 784).fill(255);
  const small = { ...grey, size: 28 };
  randomView(pictureOf(28, 28, 1, 1), { ...small, jitter: { ...small.jitter, probability: 0 } }, random(1), out, 784);
  t.true(out.subarray(0, 784).every((v) => v === 255) && out.subarray(2 * 784).every((v) => v === 255));
  t.true(out.subarray(784, 2 * 784).every((v) => v < 255));
});

test("planes are each channel by itself, from its left or its right side on", (t) => {
  fc.assert(
    fc.property(fc.oneof(pictures(1, 70), pictures(3, 70)), fc.boolean(), (picture, isMirrored) => {
      const { width, height, channels, data } = picture;
      const out = new Uint8Array(data.length + 1).fill(255);
      writeView(picture, isMirrored ? [{ op: "horizontalFlip" }] : [], channels, out, 0);
      const expected = Array.from({ length: data.length }, (_, i) => {
        const [channel, y, x] = [Math.floor(i / (width * height)), Math.floor(i / width) % height, i % width];
        return data[(y * width + (isMirrored ? width - 1 - x : x)) * channels + channel];
      });
      t.deepEqual([...out], [...expected, 255]);
    }),
  );
});

test("pictures are not written to", (t) => {
  fc.assert(
    fc.property(pictures(3), fc.nat(), (picture, seed) => {
      const before = picture.data.slice();
      for (const step of drawView(picture, policy, random(seed))) applyOperation(picture, step);
      t.deepEqual(picture.data, before);
    }),
  );
});

test("channels that do not fit are refused", (t) => {
  const write = () => writeView(pictureOf(4, 4, 3, 1), [], 4, new Uint8Array(64), 0);
  t.throws(write, { message: /the image has 3 channels, the recipe 4: give images of 4, or encoder.channels=3/ });
});

function fixturePicture(fixture: ReturnType<typeof readFixture>, image: number): Picture {
  const { shape, data } = fixture.tensor(`image_${image}`);
  return { height: shape[0], width: shape[1], channels: 3, data: data as Uint8Array };
}
