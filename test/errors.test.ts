/** Every class of error, brought about, and held against docs/errors.md. */

import { readFileSync } from "node:fs";
import { mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { describeSource, openSource } from "../src/data/index.js";
import * as errors from "../src/errors.js";
import { add, input } from "../src/graph/index.js";
import { decodeModel } from "../src/onnx/index.js";
import { fillFolder } from "../src/organize/index.js";
import { loadRecipe } from "../src/presets/index.js";
import { overrideRecipe } from "../src/recipe/index.js";
import { openEngine } from "../src/runtime/index.js";
import { readTensors, writeAtomically } from "../src/tensorfile/index.js";
import { lastSoundCheckpoint, RunFolder, withLock } from "../src/train/index.js";
import { hcsc, images, temporary, tinyRecipe, withRecipe } from "./commands/cli.js";
import { trained } from "./train/trained.js";

const rows = [
  ...readFileSync("docs/errors.md", "utf8").matchAll(/^\| `(\w+)` \| (.+?) \| `(.+?)` \| (\d+) \| .+ \|$/gm),
].map(([, name, situation, message, code]) => ({ name, situation, message, code: Number(code) }));

const file = async (name: string, content: string | Uint8Array) => {
  const path = join(await mkdtemp(join(tmpdir(), "hcsc-errors-")), name);
  await writeFile(path, content);
  return path;
};
const read = async (path: string) => openSource(await describeSource(path)).read(0);
const emptyRun = async () => {
  const { folder, recipe } = await withRecipe();
  const description = { recipe: await loadRecipe(recipe, []), data: images, images: 64, versions: {}, started: "" };
  return RunFolder.create(join(folder, "run"), description);
};

/** What brings about each situation. */
const situations: Readonly<Record<string, () => unknown>> = {
  "a run is named that is none": () => RunFolder.open("/nowhere"),
  "an override without a value": () => overrideRecipe({}, ["learningRate"]),
  "a second trainer on a run": async () => {
    const { path } = await emptyRun();
    await withLock(path, () => withLock(path, async () => {}));
  },
  "a recipe with a wrong field": async () =>
    loadRecipe(await file("r.json", JSON.stringify({ ...tinyRecipe, epoch: 3 })), []),
  "images that are not there": () => describeSource("/nowhere"),
  "an image that is broken": async () => read(await file("a.png", "no image")),
  "an image said to be huge": async () => read(await file("a.ppm", "P6 60000 60000 255\n")),
  "a folder that is not there to write to": () => writeAtomically("/nowhere/a", new Uint8Array()),
  "a disk that is full": async () => {
    const run = await emptyRun();
    await symlink("/dev/full", run.metricsFile);
    await run.append({ kind: "step", step: 1 });
  },
  "an op of the graph builder on shapes that do not fit": () => add(input("a", [2]), input("b", [3])),
  "a file that is no ONNX model": () => decodeModel(Uint8Array.of(255, 255, 255)),
  "a checkpoint or tensor file that is damaged": async () => readTensors(await file("a.safetensors", "abc")),
  "a run without a sound checkpoint": async () => lastSoundCheckpoint(await emptyRun(), () => {}),
  "a provider that is not there": () => openEngine({ provider: "tpu" }),
  "Ctrl-C while images are laid out": async () =>
    fillFolder({
      source: openSource(await describeSource(images)),
      placed: [{ image: 0, clusters: [0], cosine: 1 }],
      counts: [1],
      copy: false,
      target: join(await temporary(), "out"),
      progress: () => {},
      signal: AbortSignal.abort(),
    }),
  "numbers that are not finite": () => trained({ changes: { optimizer: { learningRate: 1e30 } } }),
};

test("docs/errors.md has a row for every class, and every row is brought about here", (t) => {
  const classes = Object.entries(errors).flatMap(([name, made]) =>
    made !== errors.HcscError && made.prototype instanceof errors.HcscError ? [name] : [],
  );
  t.deepEqual([...new Set(rows.map(({ name }) => name))].sort(), classes.sort());
  t.deepEqual(rows.map(({ situation }) => situation).sort(), Object.keys(situations).sort());
});

/** Of a class. */
const codes: Readonly<Record<string, number>> = { UsageError: 2, InterruptedError: 130 };
for (const { name, situation, message, code } of rows)
  test.serial(`${name}: ${situation}`, async (t) => {
    if (situation === "a disk that is full" && process.platform !== "linux")
      return t.log("skipped: there is no /dev/full");
    const error = await t.throwsAsync(async () => situations[situation]());
    t.is(error?.name, name);
    t.is(code, codes[name] ?? 1);
    const words = message
      .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
      .replaceAll(/\b(?!ONNX\b|ENOENT\b|FIELD\b|VALUE\b)[A-Z]{2,}\b|\b[NX]\b/g, ".+");
    t.regex(error?.message ?? "", new RegExp(`^${words}`));
  });

test.serial("an error is one line; with --verbose its stack and its causes follow", async (t) => {
  const args = ["export", "--run", "/nowhere", "--out", "m"];
  const [brief, whole] = [await hcsc(...args), await hcsc(...args, "--verbose")];
  t.is(brief.code, 2);
  t.regex(brief.stderr, /^hcsc: [^\n]+\n$/);
  t.regex(whole.stderr, /UsageError: \/nowhere holds no run.*\n {4}at .*\[cause\]: Error: ENOENT/s);
});
