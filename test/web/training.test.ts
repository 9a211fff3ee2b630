import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import sharp from "sharp";
import { everyIndex } from "../../src/array.js";
import { describeImages, openLoader, openSource } from "../../src/data/index.js";
import { onDisk } from "../../src/disk/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { lastSoundCheckpoint, RunFolder, train } from "../../src/train/index.js";
import { viewPolicies } from "../../src/train/views.js";
import { inChromium } from "../browser/chromium.js";
import { servedPage } from "./served.js";
import { asBase64, pictures, recipe, seed, trainTiny } from "./tiny.js";

async function temporary(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-web-"));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

/** The same images in Node. */
async function inNode(t: ExecutionContext) {
  const { description } = await describeImages(pictures());
  const loader = openLoader({ source: description, seed, workers: 1 });
  t.teardown(() => loader.close());
  return { source: openSource(description), loader };
}

inChromium("a page trains as Node does, and Node goes on with its run", async (t) => {
  const folder = await temporary(t);
  const { source, loader } = await inNode(t);
  const expected = await trainTiny(await openEngine({ threads: 1 }), onDisk(join(folder, "node")), source, loader);
  const page = await servedPage(t, false);
  const found = (await page.evaluate("page.train({})")) as {
    readonly steps: readonly number[];
    readonly metrics: number;
    readonly files: Readonly<Record<string, string>>;
  };
  t.is(found.steps.length, 10);
  const apart = Math.max(...expected.map((loss, i) => Math.abs(loss - found.steps[i])));
  t.log(`largest difference of a loss ${apart}`);
  t.true(apart < 1e-4, `${found.steps} and ${expected}`);
  t.is(found.metrics, 12);

  const path = join(folder, "page");
  for (const [name, content] of Object.entries(found.files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), Buffer.from(content, "base64"));
  }
  const opened = await RunFolder.open(onDisk(path));
  const resume = await lastSoundCheckpoint(opened, t.fail);
  t.deepEqual(resume.position.step, 10);
  const run = await opened.described({ ...opened.description, recipe: { ...recipe(), epochs: 3 } });
  const engine = await openEngine({ threads: 1 });
  t.teardown(() => engine.close());
  const again = await inNode(t);
  const result = await train({ run, engine, target: await chooseTarget(engine), ...again, resume, report: () => {} });
  t.is(result.position.step, 15);
  t.true(Number.isFinite(result.loss));
});

inChromium("views of the same pixels are the same bytes in a page and in Node", async (t) => {
  const { source, loader } = await inNode(t);
  const page = await servedPage(t, false);
  for (const workers of [0, 1, 2]) {
    const found = (await page.evaluate(`page.views(${workers})`)) as readonly string[];
    for await (const { views } of loader.train(
      [{ indices: everyIndex(source.count), epoch: 1 }],
      viewPolicies(recipe()),
    ))
      t.deepEqual(found, views.map(asBase64), `${workers} workers`);
    t.is(found.length, 2);
  }
});

inChromium("files are decoded by the browser; one that is no image is skipped by name", async (t) => {
  const [{ image }] = pictures();
  const raw = { width: image.width, height: image.height, channels: 3 } as const;
  const png = await sharp(image.data, { raw }).png().toBuffer();
  const page = await servedPage(t, false);
  const given = JSON.stringify([png.toString("base64"), Buffer.from("no image").toString("base64")]);
  const found = (await page.evaluate(`page.decode(${given})`)) as {
    readonly count: number;
    readonly skipped: readonly { readonly name: string; readonly reason: string }[];
    readonly pixels: string;
  };
  t.is(found.count, 1);
  t.deepEqual(
    found.skipped.map(({ name }) => name),
    ["file 1"],
  );
  t.is(found.pixels, asBase64(image.data));
  t.like(found, raw);

  const faint = sharp({ create: { width: 2, height: 2, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } } });
  const clear = (await page.evaluate(
    `page.decode(${JSON.stringify([(await faint.png().toBuffer()).toString("base64")])})`,
  )) as {
    readonly pixels: string;
  };
  t.is(clear.pixels, asBase64(new Uint8Array(12).fill(255)), "transparency goes over white");
});
