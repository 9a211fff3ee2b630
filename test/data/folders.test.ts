import { mkdir, rename, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { folderLabels } from "../../src/data/layout/folderLabels.js";
import { inClassesOf, singleLabelsOf } from "../../src/eval/index.js";
import { folder, greyOf, loadsInThreads, open, pictures, said } from "./layout.js";

const imagenet = [
  "train/n01440764/n01440764_10026.JPEG",
  "train/n01440764/n01440764_10027.JPEG",
  "train/n01443537/n01443537_2.JPEG",
  "train/n01484850/n01484850_7.JPEG",
  "val/n01440764/ILSVRC2012_val_00000293.JPEG",
  "val/n01484850/ILSVRC2012_val_00002338.JPEG",
];

test("ImageNet's layout: a part is a sub-folder, its classes are WordNet ids, and threads load it", async (t) => {
  const root = await folder(await pictures(imagenet));
  const train = await said(`${root}#train`);
  t.deepEqual(train.labels, [0, 0, 1, 2]);
  t.deepEqual(train.classes, ["n01440764", "n01443537", "n01484850"]);
  t.is(train.hierarchy, null);
  t.is(train.names[0], "n01440764/n01440764_10026.JPEG");
  t.deepEqual((await said(`${root}/val`)).labels, [0, 1]);
  t.deepEqual(await said(`${root}#val`), await said(`${root}/val`));
  t.deepEqual((await said(`${root}#train[1:3]`)).labels, [0, 1]);
  await loadsInThreads(t, `${root}#val`, [4, 5].map(greyOf));
});

test("a folder of parts is not labelled by them: one must be named, and one that exists", async (t) => {
  const root = await folder(await pictures(imagenet));
  await t.throwsAsync(open(root), { name: "UsageError", message: /parts of a set, not classes: train, val\..*#train/ });
  await t.throwsAsync(open(`${root}#test`), { name: "DataError", message: /no part test.*sub-folders train, val/ });
  await t.throwsAsync(open(`${root}/val/n01440764#test`), { name: "DataError", message: /no sub-folders/ });
  const vehicles = await folder(await pictures(["car/1.jpg", "train/2.jpg"]));
  t.deepEqual((await said(vehicles)).classes, ["car", "train"]);
});

const places = [
  "a/abbey/1.jpg",
  "a/apartment_building/outdoor/2.jpg",
  "b/bar/3.jpg",
  "b/bar/4.jpg",
  "c/church/outdoor/5.jpg",
];

test("Places' layout: scenes two or three folders deep are the classes, letters a coarser level", async (t) => {
  const root = await folder(await pictures(places.map((file) => `data_large/${file}`)));
  const { labels, classes, hierarchy } = await said(`${root}/data_large`);
  t.deepEqual(classes, ["a/abbey", "a/apartment_building/outdoor", "b/bar", "c/church/outdoor"]);
  t.deepEqual(labels, [0, 1, 2, 2, 3]);
  // Two folders deep parts the images no further than three.
  t.deepEqual(hierarchy, [labels, [0, 0, 1, 1, 2]]);
  t.deepEqual((await said(`${root}#data_large[2:]`)).hierarchy?.[1], [1, 1, 2]);
  await loadsInThreads(
    t,
    `${root}#data_large`,
    places.map((_, i) => greyOf(i)),
  );
});

test("classes of two folders meet by name, though each numbers its own", async (t) => {
  const root = await folder(
    await pictures([
      "train/pets/cat/1.jpg",
      "train/pets/dog/2.jpg",
      "train/wild/fox/3.jpg",
      "test/pets/dog/4.jpg",
      "test/wild/fox/5.jpg",
    ]),
  );
  const labels = async (part: string) => singleLabelsOf(await open(`${root}#${part}`), part);
  const [train, held] = [await labels("train"), await labels("test")];
  t.deepEqual([...held.targets.labels], [0, 1]);
  t.deepEqual([...inClassesOf(train, held).targets.labels], [1, 2]);
});

const cases: readonly [what: string, files: readonly string[], expected: object][] = [
  [
    "one level of folders",
    ["b/1.jpg", "a-2/2.jpg", "a/3.jpg"],
    { classes: ["a", "a-2", "b"], labels: [2, 1, 0], hierarchy: null },
  ],
  [
    "images beside folders of images: the first folder",
    ["cat/1.jpg", "cat/young/2.jpg", "dog/old/3.jpg"],
    { classes: ["cat", "dog"], labels: [0, 0, 1], hierarchy: null },
  ],
  [
    "images beside folders of images, all two deep: the second",
    ["pets/cat/1.jpg", "pets/cat/young/2.jpg", "pets/dog/3.jpg", "wild/fox/4.jpg"],
    {
      classes: ["pets/cat", "pets/dog", "wild/fox"],
      labels: [0, 0, 1, 2],
      hierarchy: [
        [0, 0, 1, 2],
        [0, 0, 0, 1],
      ],
    },
  ],
  [
    "Tiny ImageNet's last folder, everywhere the same",
    ["n01443537/images/1.JPEG", "n01629819/images/2.JPEG"],
    { classes: ["n01443537", "n01629819"], labels: [0, 1], hierarchy: null },
  ],
  [
    "a first folder, everywhere the same",
    ["x/a/1.jpg", "x/b/2.jpg"],
    { classes: ["x/a", "x/b"], labels: [0, 1], hierarchy: null },
  ],
  ["one class", ["a/1.jpg", "a/2.jpg"], { classes: null, labels: null, hierarchy: null }],
  ["an image outside folders", ["a/1.jpg", "b/2.jpg", "3.jpg"], { classes: null, labels: null, hierarchy: null }],
];

const plain = ({ labels, classes, hierarchy }: ReturnType<typeof folderLabels>) => ({
  classes,
  labels: labels && [...labels],
  hierarchy: hierarchy?.map((level) => [...level]) ?? null,
});

for (const [what, files, expected] of cases) {
  test(`folder labels of ${what}`, (t) =>
    t.deepEqual(plain(folderLabels(files)), expected as ReturnType<typeof plain>));
}

const paths = fc.array(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 4 }), { minLength: 1, maxLength: 20 });

test("whatever the folders: labels are the finest level, levels nest, and each parts the images less than the one below", (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(paths, (folders) => {
        const files = folders.map((steps, i) => [...steps, `${i}.jpg`].join("/"));
        const { labels, classes, hierarchy, multilabel } = folderLabels(files);
        if (multilabel !== null) throw new Error("folders give one label");
        if (!labels || !classes) {
          const outside = folders.some((steps) => steps.length === 0);
          // Every set of two first folders or more has labels.
          return hierarchy === null && (outside || new Set(folders.map(([top]) => top)).size === 1);
        }
        const levels = hierarchy ?? [labels];
        const sizes = levels.map((level) => new Set(level).size);
        const nest = levels.slice(1).every((above, l) => {
          const pairs = new Set(Array.from(above, (id, i) => `${levels[l][i]} ${id}`));
          return pairs.size === sizes[l] && sizes[l + 1] < sizes[l];
        });
        const isPrefix = files.every((file, i) => `${file}/`.startsWith(`${classes[labels[i]]}/`));
        return (
          nest && isPrefix && sizes[0] === classes.length && sizes.every((size) => size > 1) && labels === levels[0]
        );
      }),
      { numRuns: 500 },
    ),
  );
});

test("the order of files changes nothing but the order of labels", (t) => {
  t.notThrows(() =>
    fc.assert(
      fc.property(paths, (folders) => {
        const files = folders.map((steps, i) => [...steps, `${i}.jpg`].join("/"));
        const [there, back] = [plain(folderLabels(files)), plain(folderLabels(files.toReversed()))];
        return (
          fc.stringify(there.labels) === fc.stringify(back.labels?.toReversed() ?? null) &&
          fc.stringify(there.classes) === fc.stringify(back.classes)
        );
      }),
    ),
  );
});

test("where that is asked for, links to images and class folders are followed, those in a circle once, and a dangling one is a broken image", async (t) => {
  const root = await folder(await pictures(["real/cat/1.jpg", "real/dog/2.jpg", "set/cat/3.jpg"]));
  const set = join(root, "set");
  await symlink(join(root, "real/dog"), join(set, "dog"));
  await symlink(set, join(set, "dog/again"));
  await symlink(join(root, "real/cat/1.jpg"), join(set, "cat/linked.jpg"));
  await symlink(join(root, "nowhere.jpg"), join(set, "cat/lost.jpg"));
  const { names, classes } = await said(`anywhere:${set}`);
  t.deepEqual(names, ["cat/3.jpg", "cat/linked.jpg", "cat/lost.jpg", "dog/2.jpg"]);
  t.deepEqual(classes, ["cat", "dog"]);
  await t.throwsAsync((await open(`anywhere:${set}`)).read(2), {
    name: "DataError",
    message: /lost\.jpg cannot be decoded/,
  });
});

test("a # in a folder's own name is no part", async (t) => {
  const root = await folder(await pictures(["1.jpg"]));
  const odd = join(dirname(root), `${basename(root)}#3`);
  await rename(root, odd);
  t.deepEqual((await said(odd)).names, ["1.jpg"]);
  await mkdir(join(odd, "part"));
  await t.throwsAsync(open(`${odd}#part`), { name: "DataError", message: /part holds no images/ });
});
