import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { unzipSync, zipSync } from "fflate";
import { parquetReadObjects } from "hyparquet";
import * as ort from "onnxruntime-node";
import type { Page } from "playwright-core";
import { describeImages, openLoader, openSource } from "../../src/data/index.js";
import { onDisk } from "../../src/disk/index.js";
import { exportFormats } from "../../src/encoder/index.js";
import { openLearner } from "../../src/learner/index.js";
import { reportHtml, sheetsBySharp } from "../../src/publish/index.js";
import { collect, type ReportData } from "../../src/report/index.js";
import { openEngine } from "../../src/runtime/index.js";
import type { Ask, Download, News } from "../../src/studio/protocol.js";
import { encoderWeights, lastSoundCheckpoint, RunFolder } from "../../src/train/index.js";
import { inChromium } from "../browser/chromium.js";
import { servedPage } from "../web/served.js";
import { pictures, recipe, seed, trainTiny } from "../web/tiny.js";

const call = <T>(page: Page, code: string): Promise<T> => page.evaluate(code) as Promise<T>;
const ask = (page: Page, asked: Ask): Promise<void> => call(page, `page.ask(${JSON.stringify(asked)})`);
/** Waits for a state. @returns the news since the last ask */
const until = (page: Page, ...states: readonly string[]): Promise<readonly News[]> =>
  call(page, `page.state(${JSON.stringify([...states, "failed"])})`);
const first = (page: Page, kind: News["kind"]): Promise<News> => call(page, `page.first("${kind}")`);

const ofKind = <K extends News["kind"]>(news: readonly News[], kind: K) =>
  news.filter((one): one is Extract<News, { kind: K }> => one.kind === kind);
const only = <K extends News["kind"]>(news: readonly News[], kind: K) => ofKind(news, kind)[0];
const stateOf = (news: readonly News[]) => ofKind(news, "state").at(-1)?.state;
const problems = (news: readonly News[]) => ofKind(news, "problem").map(({ words }) => words);
/** The losses of all steps of a run, by its last report. */
const losses = (news: readonly News[]): readonly number[] =>
  ofKind(news, "report")
    .at(-1)
    ?.data.curves.steps.map(({ loss }) => loss) ?? [];

async function started(t: ExecutionContext, address: string): Promise<Page> {
  const page = await servedPage(t, true, "studioPage");
  await begin(page, address);
  return page;
}

async function begin(page: Page, address: string): Promise<readonly News[]> {
  await page.waitForFunction("globalThis.page");
  await call(page, `page.start(${JSON.stringify(address)})`);
  return until(page, "empty");
}

async function download(page: Page, what: Download, count = 1): Promise<Readonly<Record<string, Uint8Array>>> {
  const files = await call<readonly (readonly [string, string])[]>(page, `page.download("${what}", ${count})`);
  return Object.fromEntries(files.map(([name, content]) => [name, Buffer.from(content, "base64")]));
}

async function temporary(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-studio-"));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

async function laidOut(folder: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
}

/** The rows of a .npy file of float32. */
function rowsOf(npy: Uint8Array): readonly Float32Array[] {
  const start = 10 + npy[8] + 256 * npy[9];
  const [, rows, width] = /\((\d+), (\d+)\)/.exec(Buffer.from(npy.subarray(10, start)).toString("latin1")) ?? [];
  const numbers = new Float32Array(Uint8Array.from(npy.subarray(start)).buffer);
  return Array.from({ length: Number(rows) }, (_, r) => numbers.subarray(r * Number(width), (r + 1) * Number(width)));
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));

const plan: Ask = { kind: "train", size: "small", minutes: 0.01 };
const onCpu = "?provider=cpu&threads=2";

inChromium("the page's worker: files in, a run by a plan, and all of it as files that Node opens", async (t) => {
  const page = await started(t, onCpu);
  await call(page, "page.openFiles()");
  const opening = await until(page, "ready");
  const { name, count, shown, classes, skipped } = only(opening, "opened");
  t.deepEqual({ name, count, shown, classes }, { name: "photos", count: 96, shown: 96, classes: ["even", "odd"] });
  t.deepEqual(
    skipped.map((one) => one.name),
    ["notes.txt", "even/broken.png"],
  );
  t.is(ofKind(opening, "pictures").flatMap(({ names }) => names).length, 96);

  await ask(page, plan);
  const trained = await until(page, "finished");
  t.deepEqual(problems(trained), []);
  t.like(only(trained, "device"), { provider: "cpu", threads: 2, words: [] });
  t.is(only(trained, "plan").epochs, 2, "no time is left for more");
  t.true(only(trained, "plan").seconds > 0.6, "which is said");
  const steps = ofKind(trained, "steps").flatMap(({ metrics }) => metrics.map(({ step }) => step));
  t.deepEqual(
    steps,
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  const { data } = ofKind(trained, "report").at(-1) as Extract<News, { kind: "report" }>;
  t.is(data.tree.kind, "levels");
  t.is(data.images?.names.length, 96);
  t.true(data.images?.sheets.urls.every((url) => url.startsWith("blob:")));

  const folder = await temporary(t);
  const given = await call<readonly (readonly [string, string])[]>(page, "page.given()");
  await laidOut(folder, Object.fromEntries(given.map(([path, text]) => [path, Buffer.from(text, "base64")])));
  const photos = join(folder, "photos");
  await rm(join(photos, "even/broken.png"));

  const { "embeddings.npy": npy, "embeddings.names.txt": names } = await download(page, "embeddings-npy", 2);
  const rows = rowsOf(npy);
  const named = Buffer.from(names).toString().trim().split("\n");
  t.is(rows.length, 96);
  const source = openSource((await describeImages(photos)).description);
  t.deepEqual(
    named,
    Array.from({ length: 96 }, (_, i) => source.name(i)),
    "the names that they have in Node",
  );
  const { "encoder.onnx": model } = await download(page, "encoder");
  const session = await ort.InferenceSession.create(model);
  const pixels = await Promise.all(Array.from({ length: 96 }, async (_, i) => (await source.read(i)).data));
  const images = new ort.Tensor("uint8", Buffer.concat(pixels), [96, 14, 16, 3]);
  const { features } = await session.run({ images });
  const width = rows[0].length;
  const largest = Math.max(...rows.flatMap((row) => Array.from(row, Math.abs)));
  for (const [i, row] of rows.entries()) {
    const difference = apart(row, (features.data as Float32Array).subarray(i * width, (i + 1) * width)) / largest;
    t.true(difference < 1e-4, `${named[i]}: ${difference} of the largest feature`);
  }
  const { "embeddings.parquet": parquet } = await download(page, "embeddings-parquet");
  const table = await parquetReadObjects({ file: new Uint8Array(parquet).buffer });
  t.deepEqual(Object.keys(table[0]), ["file", "label", "vector", "cluster_1", "cluster_2"]);
  t.deepEqual(
    table.map(({ file }) => file),
    named,
  );
  t.is(apart(table[7].vector, rows[7]), 0);

  const [[zipName, zip]] = Object.entries(await download(page, "run"));
  await laidOut(folder, unzipSync(zip));
  const run = join(folder, zipName.replace(".zip", ""));
  const { versions } = JSON.parse(await readFile(join(run, "run.json"), "utf8"));
  t.is(versions.hcsc, JSON.parse(await readFile("package.json", "utf8")).version);
  const learner = await openLearner({ run, images: photos, set: ["epochs=3"], provider: "cpu", report: () => {} });
  t.teardown(() => learner.close());
  const { checkpoint } = await learner.trained();
  t.is(checkpoint.position.step, 12);

  const { "report.html": html } = await download(page, "report");
  const nodes = await collect({
    run: await RunFolder.open(onDisk(run)),
    checkpoint,
    engine: learner.engine,
    source: learner.images.source,
    loader: learner.images.loader,
    images: 10_000,
    progress: () => {},
    sheets: sheetsBySharp,
  });
  const inside = /(<script type="application\/json" id="data">)(.*?)<\/script>/s;
  const text = Buffer.from(html).toString();
  const own = JSON.parse(inside.exec(text)?.[2] ?? "null") as ReportData;
  t.is(text.replace(inside, ""), (await reportHtml(nodes)).replace(inside, ""));
  t.deepEqual(own.run, nodes.run);
  t.deepEqual(own.curves, nodes.curves);
  t.deepEqual(own.images?.clusters, nodes.images?.clusters);
  t.deepEqual(own.images?.names, nodes.images?.names);
  t.true(apart(own.images?.neighbours.cosines ?? [], nodes.images?.neighbours.cosines ?? []) < 1e-3);

  const { position } = await learner.train();
  t.is(position.epoch, 3, "Node goes on with the page's run, on the images from its disk");
});

inChromium(
  "paused, gone on with, cut off by a reload in the middle of an epoch, its device lost: the very numbers of a run undisturbed",
  async (t) => {
    const page = await started(t, onCpu);
    await call(page, "page.openFiles()");
    await until(page, "ready");
    await ask(page, plan);
    const undisturbed = await until(page, "finished");

    await ask(page, plan);
    await first(page, "steps");
    await ask(page, { kind: "pause" });
    t.is(stateOf(await until(page, "paused", "finished")), "paused");
    await ask(page, { kind: "continue" });
    const [report] = [await first(page, "report")];
    t.is(report.kind, "report");
    await call(page, "page.first('steps')"); // of the second epoch, which the reload ends
    await page.reload();
    const kept = only(await begin(page, onCpu), "kept").runs;
    t.is(kept.length, 2);
    t.deepEqual(
      kept.map(({ epoch, epochs, images }) => ({ epoch, epochs, images })),
      [
        { epoch: 1, epochs: 2, images: 96 },
        { epoch: 2, epochs: 2, images: 96 },
      ],
    );
    await ask(page, { kind: "open", from: { kept: kept[0].name } });
    const opened = await until(page, "stopped", "finished");
    t.is(only(opened, "opened").count, 96, "its images are kept");
    t.is(losses(opened).length, 6);
    await ask(page, { kind: "continue" });
    await first(page, "steps");
    await call(page, "page.loseDevice()");
    const goneOn = await until(page, "finished");
    t.regex(problems(goneOn).join(), /^the GPU is lost \(.*\): .*\. Training goes on from the last checkpoint\.$/);
    t.is(ofKind(goneOn, "device").length, 2, "another engine");
    t.is(losses(undisturbed).length, 12);
    t.deepEqual(losses(goneOn), losses(undisturbed));

    await ask(page, { kind: "forget", run: kept[1].name });
    const left = (await first(page, "kept")) as Extract<News, { kind: "kept" }>;
    t.deepEqual(
      left.runs.map(({ name }) => name),
      [kept[0].name],
    );
  },
);

inChromium("a run of Node's is opened from its zip, without its images and with them", async (t) => {
  const folder = await temporary(t);
  const { description } = await describeImages(pictures());
  const loader = openLoader({ source: description, seed, workers: 1 });
  const path = join(folder, "tiny");
  await trainTiny(await openEngine({ threads: 1 }), onDisk(path), openSource(description), loader);
  const run = await RunFolder.open(onDisk(path));
  const names = ["run.json", "metrics.jsonl", ...(await run.checkpointNames())];
  const files = await Promise.all(
    names.map(async (name) => [`runs/tiny/${name}`, await readFile(join(path, name))] as const),
  );
  const page = await started(t, onCpu);
  const zip = Buffer.from(zipSync({ ...Object.fromEntries(files), "runs/tiny/lock.json": Buffer.from("{}") }));
  await call(page, `page.openRun("${zip.toString("base64")}")`);
  const opened = await until(page, "shown", "empty");
  t.is(stateOf(opened), "shown");
  t.is(losses(opened).length, 10);
  t.like(only(opened, "kept").runs, [{ name: "tiny", images: 40, epoch: 2, epochs: 2 }]);
  const checkpoint = await lastSoundCheckpoint(run, t.fail);
  const { "encoder.onnx": model } = await download(page, "encoder");
  const [expected] = exportFormats.onnx({ recipe: recipe(), weights: encoderWeights(checkpoint, "query") });
  t.deepEqual(Buffer.from(model), Buffer.from(expected.content as Uint8Array), "the bytes of Node's export");

  await call(page, "page.openFiles()");
  const others = await until(page, "shown");
  t.regex(problems(others)[0], /was trained on other images than photos holds now/);
});

inChromium(
  "what is left of a run that never began is removed; one that is just beginning, or is damaged, stays",
  async (t) => {
    const page = await servedPage(t, true, "studioPage");
    const names = (): Promise<readonly string[]> =>
      page.evaluate(async () => {
        const names: string[] = [];
        const storage = await navigator.storage.getDirectory();
        for await (const name of (await storage.getDirectoryHandle("hcsc-runs")).keys()) names.push(name);
        return names.sort();
      });
    await page.evaluate(async () => {
      const storage = await navigator.storage.getDirectory();
      const runs = await storage.getDirectoryHandle("hcsc-runs", { create: true });
      const create = { create: true };
      for (const name of ["beginning", "damaged", "never-began"])
        await (await runs.getDirectoryHandle(name, create)).getDirectoryHandle("run", create);
      const run = await (await runs.getDirectoryHandle("damaged")).getDirectoryHandle("run");
      const file = await (await run.getFileHandle("run.json", create)).createWritable();
      await file.write("no run");
      await file.close();
      // As the tab that begins it.
      await new Promise((held) => navigator.locks.request("hcsc run beginning", () => new Promise(() => held(null))));
    });
    t.deepEqual(await names(), ["beginning", "damaged", "never-began"]);
    t.deepEqual(only(await begin(page, onCpu), "kept").runs, []);
    t.deepEqual(await names(), ["beginning", "damaged"]);
  },
);
