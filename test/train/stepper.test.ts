import { readFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import fc from "fast-check";
import { loadRecipe } from "../../src/cli/recipes.js";
import { describeSource, openLoader, openSource } from "../../src/data/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { type Reporter, RunFolder, readCheckpoint, type StepsPerRun, train } from "../../src/train/index.js";
import { RunLength } from "../../src/train/runLength.js";
import { images, withRecipe } from "../commands/cli.js";

/** A training of the tiny recipe: its steps' metrics, and the tensors it ends with. */
async function trained(stepsPerRun: StepsPerRun, abortAtStep?: number) {
  const { folder, recipe: file } = await withRecipe({ batchSize: 8 });
  const recipe = await loadRecipe(file, []);
  const description = await describeSource(images);
  const [source, loader, engine] = [
    openSource(description),
    openLoader({ source: description, seed: 0, workers: 1 }),
    await openEngine(),
  ];
  const run = await RunFolder.create(join(folder, "run"), {
    recipe,
    data: images,
    images: source.count,
    versions: {},
    started: "",
  });
  const target = await chooseTarget(engine);
  const abort = new AbortController();
  const report: Reporter = (e) => {
    if (e.kind === "step" && e.metric.step === abortAtStep) abort.abort();
  };
  const result = await train({ run, engine, target, stepsPerRun, source, loader, report, signal: abort.signal });
  await Promise.all([engine.close(), loader.close()]);
  const lines = (await readFile(join(run.path, "metrics.jsonl"), "utf8")).trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as { kind: string });
  const { tensors } = await readCheckpoint(result.checkpoint);
  return { steps: events.filter((e) => e.kind === "step"), tensors, result };
}

test("several steps a run, a fixed number or measured, end in the bits of single ones", async (t) => {
  const single = await trained(1);
  t.is(single.steps.length, 16);
  for (const stepsPerRun of [3, "measured"] as const) {
    const several = await trained(stepsPerRun);
    t.deepEqual(several.steps, single.steps);
    t.deepEqual(several.tensors, single.tensors);
  }
});

test("an abort drops what is gathered: the position is that of the last run", async (t) => {
  const { result, steps } = await trained(3, 4);
  t.true(result.interrupted);
  t.deepEqual([result.position.step, steps.length], [6, 6]);
});

test("the measured length keeps copying under a twentieth of the time, where 32 steps suffice", (t) => {
  const seconds = { min: 1e-4, max: 10, noNaN: true };
  fc.assert(
    fc.property(fc.double(seconds), fc.double(seconds), (copying, step) => {
      const length = new RunLength("measured");
      for (let i = 0; i < 3; i++) length.observe(length.next, copying + length.next * step);
      const share = copying / (length.next * step);
      return Number.isInteger(length.next) && length.next >= 1 && (share <= 0.0501 || length.next === 32);
    }),
  );
  t.pass();
});
