import assert from "node:assert";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import sharp from "sharp";
import { describeSource, openLoader, openSource } from "../../src/data/index.js";
import { sheetsBySharp } from "../../src/publish/index.js";
import { collect, type ReportData } from "../../src/report/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { lastSoundCheckpoint, type RunFolder } from "../../src/train/index.js";
import { temporary, images as trainingImages } from "../commands/cli.js";
import { trained } from "../train/trained.js";

const clustered = trained({ changes: { epochs: 2 } }).then(({ run }) => run);

async function collected(run: RunFolder, data: string, images = 1000, stages = new Map<string, number>()) {
  const description = await describeSource(data);
  const [source, loader, engine] = [
    openSource(description),
    openLoader({ source: description, seed: 0, workers: 1 }),
    await openEngine(),
  ];
  const report = await collect({
    run,
    checkpoint: await lastSoundCheckpoint(run, assert.fail),
    engine,
    source,
    loader,
    images,
    sheets: sheetsBySharp,
    progress: (stage, done, total) => stages.set(stage, done / total),
  });
  await Promise.all([engine.close(), loader.close()]);
  return { report, source };
}

const shownImages = ({ images }: ReportData) => images as NonNullable<ReportData["images"]>;
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

test("the tree's sizes and mixes add up, level by level, to the images shown", async (t) => {
  const { report, source } = await collected(await clustered, trainingImages, 50);
  const { labels, classes, clusters, names } = shownImages(report);
  t.is(names.length, 50);
  t.deepEqual(classes, source.classes);
  const { tree } = report;
  if (tree.kind !== "levels" || !labels) return t.fail();
  t.is(tree.levels.length, 2);
  for (const [l, nodes] of tree.levels.entries()) {
    t.is(sum(nodes.map((n) => n.size)), 50);
    for (const [id, node] of nodes.entries()) {
      const members = clusters[l].flatMap((cluster, image) => (cluster === id ? [image] : []));
      t.is(node.size, members.length);
      t.is(new Set(node.nearest).size, Math.min(24, members.length));
      t.true(node.nearest.every((image) => members.includes(image)));
      t.deepEqual(
        node.mix,
        classes?.map((_, c) => members.filter((image) => labels[image] === c).length),
      );
      t.true(node.temperature > 0);
    }
  }
  const [fine, coarse] = tree.levels;
  for (const [id, { size }] of coarse.entries())
    t.is(size, sum(fine.filter((n) => n.parent === id).map((n) => n.size)));
  t.true(coarse.every((n) => n.parent === null));
  return t.pass();
});

test("names, labels, map, neighbours and pictures are of the same images", async (t) => {
  const stages = new Map<string, number>();
  const { report, source } = await collected(await clustered, trainingImages, 50, stages);
  const { names, labels, map, neighbours, sheets } = shownImages(report);
  const places = names.map((name) => Number(name.split("#")[1]));
  t.deepEqual(labels, places.map((i) => source.labels?.[i]) as number[]);
  t.is(map.length, 100);
  t.true(map.every((x) => x >= 0 && x <= 1));
  t.is(neighbours.each, 12);
  t.is(neighbours.ids.length, 50 * 12);
  for (const [at, id] of neighbours.ids.entries()) t.true(id !== Math.floor(at / 12) && id >= 0 && id < 50);
  for (const [at, cosine] of neighbours.cosines.entries())
    t.true(cosine <= 1 && (at % 12 === 0 || cosine <= neighbours.cosines[at - 1]));
  // The last picture of the sheet, its mean colour beside that of the image it should be.
  const { tile, columns, urls } = sheets;
  const extent = { left: (49 % columns) * tile, top: Math.floor(49 / columns) * tile, width: tile, height: tile };
  const shown = await sharp(Buffer.from(urls[0].split(",")[1], "base64"))
    .extract(extent)
    .removeAlpha()
    .raw()
    .toBuffer();
  const means = (data: Uint8Array) =>
    [0, 1, 2].map((c) => sum([...data].filter((_, p) => p % 3 === c)) / (data.length / 3));
  const [seen, real] = [means(shown), means((await source.read(places[49])).data)];
  t.true(
    seen.every((x, c) => Math.abs(x - real[c]) < 6),
    `${seen} ${real}`,
  );
  t.deepEqual(
    [...stages.values()].filter((share) => share !== 1),
    [],
  );
});

test("the confusion counts a fifth of the images, and its diagonal is the accuracy", async (t) => {
  const { report } = await collected(await clustered, trainingImages);
  const { counts, top1, k } = report.confusion as NonNullable<ReportData["confusion"]>;
  t.is(sum(counts.map(sum)), Math.floor(64 / 5));
  t.true(Math.abs(top1 - (100 * sum(counts.map((row, i) => row[i]))) / 12) < 1e-9);
  t.is(k, 20);
});

test("a report is the same twice", async (t) => {
  const [one, two] = [
    await collected(await clustered, trainingImages, 30),
    await collected(await clustered, trainingImages, 30),
  ];
  t.deepEqual(one.report, two.report);
});

test("images without labels, one of them broken, and before the first clustering", async (t) => {
  const folder = join(await temporary(), "photos");
  await mkdir(folder);
  for (let i = 0; i < 20; i++) {
    const background = { r: 12 * i, g: 255 - 12 * i, b: 90 };
    await sharp({ create: { width: 30, height: 20, channels: 3, background } })
      .png()
      .toFile(join(folder, `${10 + i}.png`));
  }
  await writeFile(join(folder, "15.png"), "no picture");
  const { run } = await trained({ changes: { epochs: 1, method: { warmupEpochs: 3 } } });
  const { report } = await collected(run, folder);
  const { names, labels, classes, clusters, map, sheets } = shownImages(report);
  t.is(names.length, 19);
  t.false(names.some((name) => name.includes("15.png")));
  t.is(labels, null);
  t.is(classes, null);
  t.deepEqual(clusters, []);
  t.is(report.confusion, null);
  t.is(map.length, 38);
  t.is(sheets.urls.length, 1);
  t.is(report.tree.kind, "none");
  t.regex(report.tree.kind === "none" ? report.tree.why : "", /first clustering, which is after 3 epochs/);
  t.is(report.run.epoch, 1);
});

for (const count of [1, 2, 4]) {
  test(`a set of ${count} has its page too`, async (t) => {
    const { report } = await collected(await clustered, `synthetic:count=${count},size=16`);
    const { map, neighbours } = shownImages(report);
    t.is(map.length, 2 * count);
    t.is(neighbours.each, count - 1);
    t.is(report.confusion, null);
    t.true([...map, ...neighbours.cosines].every(Number.isFinite));
  });
}
