/** Pictures of many channels: TIFF files laid out by the standard, NumPy's arrays, and views of them. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { randomView, shownChannels, type ViewPolicy } from "../../src/data/index.js";
import { random } from "../../src/random.js";
import { npy, tiff } from "./bands.js";
import { folder, open } from "./layout.js";

/** The picture that a file of this name and content is. */
async function read(name: string, content: Buffer) {
  const root = await folder({ [name]: content });
  return (await open(root)).read(0);
}

const levels = (count: number, step: number) => Array.from({ length: count }, (_, i) => (i * step) % 256);

test("TIFF files of many channels, of 8 and 16 bits, are read channel by channel", async (t) => {
  for (const channels of [3, 4, 5, 13, 16]) {
    const expected = levels(6 * channels, 7);
    const { width, height, channels: own, data } = await read("a.tif", tiff(3, 2, Uint8Array.from(expected)));
    t.deepEqual([width, height, own, ...data], [3, 2, channels, ...expected]);
    const wide = await read(
      "a.tif",
      tiff(
        3,
        2,
        Uint16Array.from(expected, (v) => 257 * v),
      ),
    );
    t.deepEqual([...wide.data], expected);
  }
});

test("beside red, green and blue a channel of unsaid meaning is one; transparency goes over white", async (t) => {
  const bytes = Uint8Array.from(levels(24, 7));
  const near = await read("a.tif", tiff(3, 2, bytes, { photometric: 2, extra: 0 }));
  t.deepEqual([near.channels, ...near.data], [4, ...bytes]);
  const wide = await read(
    "a.tif",
    tiff(
      3,
      2,
      Uint16Array.from(bytes, (v) => 257 * v),
      { photometric: 2, extra: 0 },
    ),
  );
  t.deepEqual([wide.channels, ...wide.data], [4, ...bytes]);
  const clear = await read("a.tif", tiff(3, 2, bytes, { photometric: 2, extra: 2 }));
  t.deepEqual([clear.channels, ...clear.data.subarray(0, 3)], [3, 234, 234, 235]);
});

test(".npy files of bytes, 16 bits and floats, channels last or first, are read", async (t) => {
  const expected = levels(30, 8);
  const data = Uint8Array.from(expected);
  const picture = { width: 3, height: 2, channels: 5, data };
  t.deepEqual(await read("a.npy", npy("|u1", [2, 3, 5], data)), picture);
  t.deepEqual(
    await read(
      "a.npy",
      npy(
        "<u2",
        [2, 3, 5],
        Uint16Array.from(expected, (v) => 257 * v),
      ),
    ),
    picture,
  );
  t.deepEqual(
    await read(
      "a.npy",
      npy(
        "<f4",
        [2, 3, 5],
        Float32Array.from(expected, (v) => v / 255),
      ),
    ),
    picture,
  );
  t.deepEqual(
    await read(
      "a.npy",
      npy(
        "<f8",
        [2, 3, 5],
        Float64Array.from(expected, (v) => v / 255),
      ),
    ),
    picture,
  );
  const first = Uint8Array.from({ length: 2 * 3 * 20 }, (_, i) => i);
  const turned = await read("a.npy", npy("|u1", [2, 3, 20], first));
  t.deepEqual([turned.width, turned.height, turned.channels], [20, 3, 2]);
  t.deepEqual([...turned.data.subarray(0, 4)], [0, 60, 1, 61]);
  t.is((await read("a.npy", npy("|u1", [2, 3], data.subarray(0, 6)))).channels, 1);
});

test("what a file of many channels should have been is said", async (t) => {
  const bytes = new Uint8Array(200);
  const cases: readonly (readonly [string, Buffer, RegExp])[] = [
    ["a.npy", npy("<i8", [5, 5], new BigInt64Array(25)), /kind "<i8": \|u1, <u2.* are read/],
    ["a.npy", npy("|u1", [20, 20, 17], new Uint8Array(6800)), /17 channels: 1 to 16 are read/],
    ["a.npy", npy("|u1", [200], bytes), /array \[200\]: \[height, width\]/],
    ["a.npy", npy("|u1", [10, 10], bytes), /needs 100 bytes, 200 are there/],
    ["a.npy", npy("|u1", [10, 20], bytes, true), /Fortran's order/],
    ["a.npy", npy("<f4", [1, 1], Float32Array.of(3)), /holds 3: floats must lie from 0 to 1/],
    ["a.npy", npy("<f4", [1, 1], Float32Array.of(Number.NaN)), /holds what is no number: floats/],
    ["a.npy", npy("|u1", [10, 20], bytes).subarray(0, 9), /cut short/],
    ["a.tif", tiff(2, 1, new Float32Array(10)), /of the kind float: 8 and 16 bits are read/],
    ["a.tif", tiff(2, 1, new Uint8Array(34)), /channel|decoded/],
    ["a.tif", tiff(70_000, 1, new Uint8Array(350_000)), /70000 by 1 pixels: sides of at most 65536 are read/],
  ];
  for (const [name, content, message] of cases)
    await t.throwsAsync(read(name, content), { code: "unreadable", message }, String(message));
});

const policy: ViewPolicy = {
  size: 8,
  channels: 5,
  scale: [0.2, 1],
  ratio: [0.75, 4 / 3],
  jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1, probability: 1 },
  grayscaleProbability: 1,
  blur: { sigma: [0.1, 2], probability: 1 },
  flipProbability: 0.5,
};

test("a view of five channels is that of five grey pictures without changes of colour, all cut alike", (t) => {
  const [width, height, channels] = [13, 11, 5];
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * i * 7) % 251);
  const out = new Uint8Array(5 * 64 + 3);
  randomView({ width, height, channels, data }, policy, random(1, 2), out, 3);
  for (let c = 0; c < 5; c++) {
    const plane = data.filter((_, i) => i % 5 === c);
    const alone = new Uint8Array(64);
    // Factors of 1 and no hue leave a grey picture as it is, and take the same draws.
    const plain = {
      ...policy,
      channels: 1,
      jitter: { ...policy.jitter, brightness: 0, contrast: 0, saturation: 0, hue: 0 },
    };
    randomView({ width, height, channels: 1, data: plane }, plain, random(1, 2), alone, 0);
    t.deepEqual(out.subarray(3 + 64 * c, 3 + 64 * (c + 1)), alone);
  }
  t.throws(() => randomView({ width, height, channels, data }, { ...policy, channels: 3 }, random(1), out, 0), {
    message: "the image has 5 channels, the recipe 3: give images of 3, or encoder.channels=5",
  });
});

test("people see the first three channels as colours, of two the first", (t) => {
  const data = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  t.deepEqual([...shownChannels({ width: 2, height: 1, channels: 4, data }).data], [1, 2, 3, 5, 6, 7]);
  t.deepEqual([...shownChannels({ width: 4, height: 1, channels: 2, data }).data], [1, 3, 5, 7]);
});

test("images of other channels than most are one broken image by name", async (t) => {
  const root = await folder({ "a/1.npy": npy("|u1", [4, 4, 5], new Uint8Array(80)) });
  await writeFile(join(root, "a/2.npy"), "no array");
  await t.throwsAsync((await open(root)).read(1), { message: /2\.npy cannot be decoded/ });
});
