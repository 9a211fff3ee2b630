/** A sweep by the library, as the command has it (test/commands/sweep.test.ts). */
import { access, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { type SweepRequest, trainSweep } from "hcsc/sweep";
import type { TrainEvent } from "../../src/index.js";
import { images, withRecipe } from "../commands/cli.js";

async function request(): Promise<SweepRequest & { readonly events: readonly TrainEvent[] }> {
  const { folder } = await withRecipe({ epochs: 1 });
  const sweep = join(folder, "sweep.json");
  const runs = { alike: { "method.clusters": [6, 3] }, tree: {} };
  await writeFile(sweep, JSON.stringify({ name: "s", recipe: "tiny.json", set: { "method.warmupEpochs": 1 }, runs }));
  const events: TrainEvent[] = [];
  const report = (event: TrainEvent) => events.push(event);
  return { sweep, data: images, test: null, out: join(folder, "out"), provider: "cpu", report, events };
}

test("a sweep trains its runs, tells which, and has their results; again it trains none", async (t) => {
  const asked = await request();
  const done = await trainSweep(asked);
  t.like(done, { planned: 2, trained: 2, interrupted: false, failures: [] });
  const [alike, tree] = done.results;
  t.deepEqual([alike.name, tree.name, tree.knnAfter], ["alike", "tree", null]);
  t.true(Number.isFinite(tree.loss) && tree.loss === alike.loss && tree.ami === alike.ami);
  t.deepEqual(done.files, [join(asked.out, "results.csv"), join(asked.out, "sweep.svg")]);
  const told = asked.events.flatMap((e) => (e.kind === "note" || e.kind === "warning" ? [e.message] : []));
  t.true(told.includes("run 2 of 2: tree, seed 0"), told.join("\n"));
  t.true(told.includes('the runs "alike" and "tree" are of the same settings'), told.join("\n"));
  const again = await trainSweep(asked);
  t.like(again, { planned: 2, trained: 0 });
  t.deepEqual(again.results, done.results);
});

test("a sweep that is stopped before its first run says so, and has trained nothing", async (t) => {
  const asked = await request();
  t.like(await trainSweep({ ...asked, signal: AbortSignal.abort() }), { planned: 2, trained: 0, interrupted: true });
  t.deepEqual(await readdir(asked.out), []);
  await t.throwsAsync(access(join(asked.out, "runs")));
});
