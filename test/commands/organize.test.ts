/** What a run's hierarchy and vectors are written as: `hcsc embed` and `hcsc organize`, end to end. */
import assert from "node:assert";
import { createHash } from "node:crypto";
import { lstat, mkdir, readdir, readFile, readlink, realpath, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "ava";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import sharp from "sharp";
import { similarities } from "../../src/cluster/index.js";
import { describeSource, openLoader, openSource, shownChannels } from "../../src/data/index.js";
import { onDisk } from "../../src/disk/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import {
  embedImages,
  encoderWeights,
  lastSoundCheckpoint,
  learnedHierarchy,
  RunFolder,
} from "../../src/train/index.js";
import { hcsc, hcscInterrupted, images, temporary, tinyRecipe, withRecipe } from "./cli.js";

let run = "";
let root = "";

test.before(async () => {
  const { folder, recipe } = await withRecipe();
  root = await realpath(folder);
  run = join(root, "run");
  const { code, stderr } = await hcsc("train", "--data", images, "--recipe", recipe, "--out", run, "--json");
  if (code !== 0) throw new Error(stderr);
});

async function done(...args: readonly string[]) {
  const { code, stdout, stderr } = await hcsc(...args, "--run", run, "--json");
  if (code !== 0) throw new Error(stderr);
  return { ...JSON.parse(stdout), stderr };
}

/** Files of a folder and those below, sorted, with `/`. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((e) => !e.isDirectory())
    .map((e) => join(e.parentPath, e.name).slice(folder.length + 1))
    .sort();
}

/** Names, contents and times of a folder's files. */
async function print(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const file of await filesOf(folder)) {
    const { mtimeMs, mode } = await lstat(join(folder, file));
    hash.update(`${file} ${mtimeMs} ${mode} `).update(await readFile(join(folder, file)));
  }
  return hash.digest("hex");
}

/** `count` small pictures in two folders, which name them alike. */
async function photos(count: number): Promise<string> {
  const source = openSource(await describeSource(`synthetic:count=${count},size=16`));
  const folder = join(await realpath(await temporary()), "photos");
  for (let i = 0; i < count; i++) {
    const { data, ...raw } = shownChannels(await source.read(i));
    const file = join(folder, i % 2 === 0 ? "even" : "odd", `${i >> 1}.png`);
    await mkdir(dirname(file), { recursive: true });
    await sharp(data, { raw }).png().toFile(file);
  }
  return folder;
}

interface Line {
  readonly file: string;
  readonly path: string;
  readonly clusters: readonly number[];
  readonly cosine: number;
}

const index = async (out: string): Promise<Line[]> =>
  (await readFile(join(out, "index.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

/** The numbers of a .npy file of float32. */
async function npy(file: string): Promise<Float32Array> {
  const bytes = await readFile(file);
  return new Float32Array(new Uint8Array(bytes.subarray(10 + bytes.readUInt16LE(8))).buffer);
}

test("organize: links by cluster that resolve, sources untouched, the names of two folders kept apart", async (t) => {
  const folder = await photos(40);
  const before = await print(folder);
  const out = join(dirname(folder), "by-cluster");
  const made = await done("organize", "--data", folder, "--out", out);
  t.deepEqual([made.images, made.as, made.skipped], [40, "links", 0]);
  t.is(await print(folder), before);
  t.deepEqual((await readdir(dirname(folder))).sort(), ["by-cluster", "photos"]);
  const lines = await index(out);
  t.deepEqual(
    lines.map((line) => line.file),
    await filesOf(folder),
  );
  t.deepEqual((await filesOf(out)).sort(), [...lines.map((line) => line.path), "index.jsonl"].sort());
  for (const { file, path, clusters, cosine } of lines) {
    t.is(await readlink(join(out, path)), join(folder, file));
    t.is(clusters.length, tinyRecipe.method.clusters.length);
    t.is(dirname(path), [...clusters].reverse().join("/")); // under ten clusters: ids of one digit
    t.true(cosine > -1.000001 && cosine <= 1.000001);
  }
  // Only 20 names, of 40 images: some meet in one of at most 6 folders.
  t.true(lines.some(({ path }) => /-2\.png$/.test(path)));
});

test("organize --copy: files of their own with the same bytes, into an empty folder that is there", async (t) => {
  const folder = await photos(10);
  const before = await print(folder);
  const out = await temporary();
  const made = await done("organize", "--data", folder, "--out", out, "--copy");
  t.is(made.as, "copies");
  for (const { file, path } of await index(out)) {
    const info = await lstat(join(out, path));
    t.true(info.isFile() && info.ino !== (await stat(join(folder, file))).ino);
    t.deepEqual(await readFile(join(out, path)), await readFile(join(folder, file)));
  }
  t.is(await print(folder), before);
});

test("organize without --data takes the run's own; images that are no files become PNGs of the same pixels", async (t) => {
  const out = join(await temporary(), "new/deep");
  const made = await done("organize", "--out", out);
  t.deepEqual([made.images, made.as], [64, "PNGs"]);
  const source = openSource(await describeSource(images));
  for (const [i, { file, path }] of (await index(out)).entries()) {
    t.is(file, source.name(i));
    const { data } = await sharp(join(out, path)).raw().toBuffer({ resolveWithObject: true });
    t.deepEqual(new Uint8Array(data), (await source.read(i)).data);
  }
});

test("organize refuses a folder that is not empty, or not apart from the images, and leaves all as it was", async (t) => {
  const folder = await photos(4);
  const full = await temporary();
  await writeFile(join(full, "mine.txt"), "kept");
  const [before, parent] = [await print(folder), await readdir(dirname(folder))];
  for (const [out, reason] of [
    [full, /is not empty: it holds mine.txt/],
    [join(folder, "new"), /lies in/],
    [join(folder, "even/new"), /lies in/],
    [folder, /lies in/],
    [dirname(folder), /holds .*photos/],
  ] as const) {
    const { code, stdout, stderr } = await hcsc("organize", "--run", run, "--data", folder, "--out", out);
    t.deepEqual([code, stdout], [2, ""], out);
    t.regex(stderr, reason);
  }
  t.is(await print(folder), before);
  t.deepEqual(await readdir(dirname(folder)), parent);
  t.deepEqual(await readdir(full), ["mine.txt"]);
});

test("Ctrl-C while images are laid out leaves nothing", async (t) => {
  const place = await temporary();
  const many = "synthetic:count=1500,size=64";
  const args = ["organize", "--run", run, "--data", many, "--out", join(place, "out")];
  const isUnderWay = async () => (await readdir(place)).some((name) => name.endsWith(".part"));
  const { code, stdout, stderr } = await hcscInterrupted(args, isUnderWay);
  t.deepEqual([code, stdout], [130, ""]);
  t.regex(stderr, /interrupted/);
  t.deepEqual(await readdir(place), []);
});

const rowsOf = async (file: string) => parquetReadObjects({ file: await asyncBufferFromFile(file) });

/** Each image's clusters by plain arithmetic: the prototype most like its key embedding, and that one's parents. */
async function clustersByHand(data: string): Promise<number[][]> {
  const opened = await RunFolder.open(onDisk(run));
  const checkpoint = await lastSoundCheckpoint(opened, assert.fail);
  const levels = learnedHierarchy(checkpoint);
  const { recipe } = opened.description;
  const description = await describeSource(data);
  const [engine, loader] = [await openEngine(), openLoader({ source: description, seed: 0, workers: 1 })];
  const all = Int32Array.from({ length: openSource(description).count }, (_, i) => i);
  const { embeddings } = await embedImages(engine, loader, recipe, encoderWeights(checkpoint, "key"), all);
  await Promise.all([engine.close(), loader.close()]);
  const cosines = similarities(embeddings, levels[0].prototypes);
  const count = levels[0].prototypes.shape[0];
  return Array.from(all, (i) => {
    const row = [...cosines.data.subarray(i * count, (i + 1) * count)];
    const ids = [row.indexOf(Math.max(...row))];
    for (const { parent } of levels) if (parent) ids.push(parent[ids[ids.length - 1]]);
    return ids;
  });
}

test("embed to Parquet and safetensors holds what .npy and its names hold, with labels and clusters of the key encoder", async (t) => {
  const out = await temporary();
  const [parquet, tensors, plain] = ["v.parquet", "t.safetensors", "n.npy"].map((f) => join(out, f));
  const made = await done("embed", "--data", images, "--out", parquet);
  t.deepEqual([made.names, made.levels, made.images], [null, 2, 64]);
  t.is((await done("embed", "--data", images, "--out", plain)).levels, 0);
  await done("embed", "--data", images, "--out", tensors);
  const rows = await rowsOf(parquet);
  t.deepEqual(Object.keys(rows[0]), ["file", "label", "vector", "cluster_1", "cluster_2"]);
  const names = (await readFile(join(out, "n.names.txt"), "utf8")).trim().split("\n");
  t.deepEqual(
    rows.map((row) => row.file),
    names,
  );
  t.deepEqual(
    rows.flatMap((row) => row.vector),
    [...(await npy(plain))],
  );
  const source = openSource(await describeSource(images));
  t.deepEqual(
    rows.map((row) => row.label),
    Array.from(source.labels ?? [], (id) => source.classes?.[id]),
  );
  const clusters = await clustersByHand(images);
  t.deepEqual(
    rows.map((row) => [row.cluster_1, row.cluster_2]),
    clusters,
  );
  const held = (await readTensors(tensors)).tensors;
  t.deepEqual(held.get("clusters"), { shape: [64, 2], data: Int32Array.from(clusters.flat()) });
  t.deepEqual(held.get("labels"), { shape: [64], data: source.labels as Int32Array });
  t.deepEqual(held.get("vectors")?.data, await npy(plain));
  t.true((await readdir(out)).includes("t.names.txt") && !(await readdir(out)).includes("v.names.txt"));

  const laid = join(out, "laid");
  await done("organize", "--out", laid);
  t.deepEqual(
    (await index(laid)).map((line) => line.clusters),
    clusters,
  );
});

test("several labels an image are a list; of an image that cannot be read nothing is written", async (t) => {
  const folder = await photos(8);
  const shown = [["cat"], ["cat", "dog"], [], ["dog"]];
  const files = ["even/0.png", "odd/0.png", "even/1.png", "odd/1.png"];
  const list = join(folder, "list.jsonl");
  await writeFile(list, files.map((file, i) => `${JSON.stringify({ file, labels: shown[i] })}\n`).join(""));
  await writeFile(join(folder, files[1]), "no image");
  const out = join(await temporary(), "v.parquet");
  const made = await done("embed", "--data", list, "--out", out);
  t.is(made.skipped, 1);
  const rows = await rowsOf(out);
  t.deepEqual(Object.keys(rows[0]), ["file", "labels", "vector", "cluster_1", "cluster_2"]);
  t.deepEqual(
    rows.map((row) => [row.file, row.labels]),
    [0, 2, 3].map((i) => [files[i], shown[i]]),
  );
  const laid = join(await temporary(), "laid");
  t.is((await done("organize", "--data", list, "--out", laid)).skipped, 1);
  t.deepEqual(
    (await index(laid)).map(({ file, clusters }) => [file, ...clusters]),
    rows.map((row) => [row.file, row.cluster_1, row.cluster_2]),
  );
});

test("a run that has not clustered yet: embed leaves clusters out and says so, organize refuses", async (t) => {
  const { folder, recipe } = await withRecipe({ epochs: 1 });
  const early = join(folder, "run");
  t.is((await hcsc("train", "--data", images, "--recipe", recipe, "--out", early)).code, 0);
  const flat = join(await photos(8), "even");
  const file = join(folder, "v.parquet");
  const embedded = await hcsc("embed", "--run", early, "--data", flat, "--out", file);
  t.is(embedded.code, 0, embedded.stderr);
  t.regex(embedded.stderr, /has not clustered yet/);
  t.deepEqual(Object.keys((await rowsOf(file))[0]), ["file", "vector"]);
  const laid = await hcsc("organize", "--run", early, "--data", flat, "--out", join(folder, "laid"));
  t.is(laid.code, 1);
  t.regex(laid.stderr, /not come to its first clustering/);
  t.false((await readdir(folder)).includes("laid"));
});
