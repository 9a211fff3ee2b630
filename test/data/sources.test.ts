import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { namedFolder } from "../../src/data/index.js";
import { folder, open } from "./layout.js";

/** An IDX file: its magic, its lengths, its bytes. */
function idx(shape: readonly number[], bytes: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt8(8, 2);
  header.writeUInt8(shape.length, 3);
  for (const [i, d] of shape.entries()) header.writeUInt32BE(d, 4 + 4 * i);
  return Buffer.concat([header, Buffer.from(bytes)]);
}

const six = [1, 2, 3, 4, 5, 6];
const images = idx([2, 1, 3], six);
const labels = idx([2], [7, 0]);

for (const [what, suffix, packed] of [
  ["plain", "", (b: Buffer) => b],
  ["gzipped", ".gz", gzipSync],
] as const) {
  test(`${what} IDX files give images, labels and parts`, async (t) => {
    const root = await folder({
      [`train-images-idx3-ubyte${suffix}`]: packed(images),
      [`train-labels-idx1-ubyte${suffix}`]: packed(labels),
      [`t10k-images-idx4-ubyte${suffix}`]: packed(idx([1, 1, 2, 3], six)),
    });
    const train = await open(root);
    t.deepEqual([train.count, [...(train.labels ?? [])]], [2, [7, 0]]);
    const { width, height, channels, data } = await train.read(1);
    t.deepEqual([width, height, channels, ...data], [3, 1, 1, 4, 5, 6]);
    const colour = await open(`${root}#test`);
    t.is(colour.labels, null);
    const picture = await colour.read(0);
    t.deepEqual([picture.width, picture.height, picture.channels, ...picture.data], [2, 1, 3, ...six]);
    t.is((await open(join(root, `train-images-idx3-ubyte${suffix}`))).count, 2);
  });
}

const name = "train-images-idx3-ubyte";
for (const [what, files, message] of [
  ["a wrong magic number", { [name]: Buffer.from([1, 2, 3, 4, 5]) }, /idx3-ubyte is no IDX file/],
  ["missing pixels", { [name]: images.subarray(0, -1) }, /idx3-ubyte is damaged.*6 bytes, 5/],
  ["a header cut short", { [name]: images.subarray(0, 9) }, /idx3-ubyte is damaged/],
  ["a gzip cut short", { [`${name}.gz`]: gzipSync(images).subarray(0, 20) }, /ubyte\.gz is damaged/],
  ["one label too few", { [name]: images, "train-labels-idx1-ubyte": idx([1], [0]) }, /1 labels for the 2 images/],
  ["an array that is no image", { [name]: labels }, /shape \[2\]/],
] as const) {
  test(`IDX files with ${what} are refused by name`, async (t) => {
    await t.throwsAsync(open(await folder(files)), { name: "DataError", message });
  });
}

/** A CIFAR record whose red plane is 1, green 2, blue 3. */
const record = (...classes: readonly number[]): number[] => [
  ...classes,
  ...[1, 2, 3].flatMap((v) => Array(1024).fill(v)),
];

test("CIFAR-10: planes become interleaved pixels, labels and names follow", async (t) => {
  const root = await folder({
    "data_batch_1.bin": Buffer.from([...record(1), ...record(0)]),
    "data_batch_2.bin": Buffer.from(record(1)),
    "test_batch.bin": Buffer.from(record(0)),
    "batches.meta.txt": "cat\ndog\n",
  });
  const train = await open(root);
  t.deepEqual([train.count, [...(train.labels ?? [])], train.classes], [3, [1, 0, 1], ["cat", "dog"]]);
  const { width, height, channels, data } = await train.read(2);
  t.deepEqual([width, height, channels, data.length, ...data.subarray(0, 6)], [32, 32, 3, 3072, 1, 2, 3, 1, 2, 3]);
  t.is((await open(`${root}#test`)).count, 1);
});

test("CIFAR-100 has fine and coarse labels; a damaged file and a missing part are refused by name", async (t) => {
  const root = await folder({ "train.bin": Buffer.from([...record(1, 5), ...record(0, 2)]) });
  const train = await open(root);
  t.deepEqual(
    train.hierarchy?.map((level) => [...level]),
    [
      [5, 2],
      [1, 0],
    ],
  );
  await t.throwsAsync(open(`${root}#test`), { name: "DataError", message: /no test part/ });
  const damaged = await folder({ "train.bin": Buffer.from(record(1, 5).slice(1)) });
  await t.throwsAsync(open(damaged), { name: "DataError", message: /train\.bin is damaged/ });
});

test("the synthetic set is the same for a seed, and equal fine labels have equal coarse ones", async (t) => {
  const text = "synthetic:count=50,size=12,seed=4";
  const [a, b, other] = [await open(text), await open(text), await open("synthetic:count=50,size=12,seed=5")];
  t.deepEqual(await a.read(7), await b.read(7));
  t.notDeepEqual(await a.read(7), await other.read(7));
  const [fine, middle, coarse] = a.hierarchy ?? [];
  t.deepEqual(
    [fine, middle, coarse].map((level) => new Set(level).size),
    [24, 12, 4],
  );
  for (const [below, above] of [
    [fine, middle],
    [middle, coarse],
  ]) {
    const pairs = new Set(Array.from(below, (id, i) => `${id}/${above[i]}`));
    t.is(pairs.size, new Set(below).size);
  }
});

for (const text of ["synthetic:colour=3", "synthetic:count=x", "synthetic:count=0"]) {
  test(`${text} is wrong usage`, (t) => t.throwsAsync(open(text), { name: "UsageError", message: /count/ }));
}

test("a range picks images with their labels, hierarchy and names; one that does not lie in the set is refused", async (t) => {
  const all = await open("synthetic:count=30,size=8");
  const part = await open("synthetic:count=30,size=8[25:]");
  t.is(part.count, 5);
  t.deepEqual([...(part.labels ?? [])], [...(all.labels?.slice(25) ?? [])]);
  t.deepEqual(
    part.hierarchy?.map((l) => l[1]),
    all.hierarchy?.map((l) => l[26]),
  );
  t.is(part.name(1), all.name(26));
  t.deepEqual(await part.read(1), await all.read(26));
  for (const range of ["[5:5]", "[9:3]", "[0:31]"])
    await t.throwsAsync(open(`synthetic:count=30,size=8${range}`), { name: "UsageError", message: /30 images/ });
});

test("an image's file is known where it is one, in a range too, and the folder that a set is named by", async (t) => {
  const root = await folder({ "cats/1.jpg": "", "dogs/2.jpg": "", "list.txt": "cats/1.jpg\ndogs/2.jpg\n" });
  const part = await open(`${root}[1:]`);
  t.is(part.file(0), join(root, "dogs/2.jpg"));
  t.is((await open(join(root, "list.txt"))).file(0), join(root, "cats/1.jpg"));
  t.is((await open("synthetic:count=2,size=8")).file(1), null);
  t.is(await namedFolder(`${root}[1:]`), root);
  t.is(await namedFolder(`${root}#cats`), root);
  t.is(await namedFolder(join(root, "list.txt")), null);
  t.is(await namedFolder("synthetic:count=2"), null);
});
