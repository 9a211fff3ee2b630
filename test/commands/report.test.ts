import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, copyFile, mkdir, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import sharp from "sharp";
import type { ReportData } from "../../src/report/index.js";
import { hcsc, images, temporary, withRecipe } from "./cli.js";

const trained = withRecipe().then(async ({ folder, recipe }) => {
  const run = join(folder, "run");
  const { code, stderr } = await hcsc("train", "--data", images, "--recipe", recipe, "--out", run, "--json");
  if (code !== 0) throw new Error(stderr);
  return { folder, run };
});

const dataIn = (html: string): ReportData => {
  const [, json] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? [];
  return JSON.parse(json);
};

test.serial("report writes a page with the data inside, and the data beside it", async (t) => {
  const { run } = await trained;
  const { code, stdout, stderr } = await hcsc("report", "--run", run, "--json");
  t.is(code, 0, stderr);
  const result = JSON.parse(stdout);
  t.is(result.file, join(run, "report.html"));
  t.is(result.bytes, (await stat(result.file)).size);
  t.true(result.bytes < 15e6);
  t.is(result.images, 64);
  const data = dataIn(await readFile(result.file, "utf8"));
  t.is(data.images?.names.length, 64);
  t.is(data.run.data, images);
  t.deepEqual(result.prototypes, data.tree.kind === "levels" && data.tree.levels.map((l) => l.length));
  t.deepEqual(data, JSON.parse(await readFile(join(run, "report.json"), "utf8")));
});

test.serial("report of other images, without labels, to another file", async (t) => {
  const { folder, run } = await trained;
  const photos = join(folder, "photos");
  await mkdir(photos);
  for (let i = 0; i < 6; i++) {
    const create = { width: 24, height: 18, channels: 3 as const, background: { r: 40 * i, g: 90, b: 0 } };
    await sharp({ create })
      .png()
      .toFile(join(photos, `<b>${i}.png`));
  }
  const out = join(folder, "photos.html");
  const { code, stdout, stderr } = await hcsc("report", "--run", run, "--data", photos, "--out", out, "--images", "5");
  t.is(code, 0, stderr);
  t.regex(stdout, /photos\.html, \d+\.\d MB\n/);
  const html = await readFile(out, "utf8");
  t.false(html.includes("<b>"));
  const data = dataIn(html);
  t.is(data.images?.names.length, 5);
  t.is(data.images?.labels, null);
});

test.serial("what cannot be written or read leaves no page", async (t) => {
  const { folder, run } = await trained;
  const out = join(folder, "nowhere", "report.html");
  const unwritable = await hcsc("report", "--run", run, "--out", out);
  t.is(unwritable.code, 1);
  t.regex(unwritable.stderr, /its folder does not exist/);
  const missing = await hcsc("report", "--run", join(folder, "no"));
  t.is(missing.code, 2);
  t.regex(missing.stderr, /holds no run/);
  t.is((await hcsc("watch", "--run", join(folder, "no"))).code, 2);
  t.is((await hcsc("watch", "--run", run, "--port", "70000")).code, 2);
  t.deepEqual(
    (await readdir(folder)).filter((f) => f.endsWith(".part")),
    [],
  );
});

/** A run folder as it is while training, with a server on it. */
async function watched(t: ExecutionContext): Promise<{ run: string; child: ChildProcess; url: string }> {
  const run = join(await temporary(), "run");
  await mkdir(run);
  for (const file of ["run.json", "metrics.jsonl"]) await copyFile(join((await trained).run, file), join(run, file));
  const child = spawn(process.execPath, ["build/src/cli/main.js", "watch", "--run", run, "--json"]);
  t.teardown(() => child.kill("SIGKILL"));
  const [line] = await once(child.stdout, "data");
  return { run, child, url: JSON.parse(String(line)).url };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test.serial(`watch shows lines as they are written, and ends with 0 on ${signal}`, async (t) => {
    const { run, child, url } = await watched(t);
    t.regex(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
    t.regex(await (await fetch(url)).text(), /^<!doctype html>/);
    const reader = (await fetch(`${url}events`)).body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
    // Whether the run is trained is told beside the rest, at any time.
    const text = async (): Promise<string> => {
      const { value, done } = await reader.read();
      const told = Buffer.from(value ?? [])
        .toString()
        .replaceAll(/event: state\n.*\n\n/g, "");
      return told || done ? told : text();
    };
    t.regex(await text(), /^event: curves\n/);
    await appendFile(join(run, "metrics.jsonl"), `${JSON.stringify({ kind: "step", step: 4321 })}\n`);
    t.is(await text(), 'event: metrics\ndata: [{"kind":"step","step":4321}]\n\n');
    const exit = once(child, "exit");
    child.kill(signal);
    t.deepEqual(await exit, [0, null]);
    await t.throwsAsync(fetch(url));
    await reader.read().catch(() => {});
  });
}
