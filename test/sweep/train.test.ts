/** A sweep by the library; what its runs come to is in test/commands/sweep.test.ts. */
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { trainSweep } from "hcsc/sweep";
import type { TrainEvent } from "../../src/index.js";
import { images, withRecipe } from "../commands/cli.js";

test("a sweep that is stopped before its first run tells what it has found, and has trained nothing", async (t) => {
  const { folder } = await withRecipe();
  const [sweep, out] = [join(folder, "sweep.json"), join(folder, "out")];
  const runs = { alike: { "method.clusters": [6, 3] }, tree: {} };
  await writeFile(sweep, JSON.stringify({ name: "s", recipe: "tiny.json", runs }));
  const events: TrainEvent[] = [];
  const report = (event: TrainEvent) => events.push(event);
  const done = await trainSweep({ sweep, data: images, test: null, out, signal: AbortSignal.abort(), report });
  t.like(done, { planned: 2, trained: 0, interrupted: true, results: [], failures: [], files: [] });
  t.deepEqual(
    events.flatMap((e) => (e.kind === "warning" ? [e.message] : [])),
    ['the runs "alike" and "tree" are of the same settings'],
  );
  t.deepEqual(await readdir(out), []);
});
