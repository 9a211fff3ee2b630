import { appendFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import test from "ava";
import { CheckpointError, UsageError } from "../../src/errors.js";
import { overrideRecipe, parseRecipe } from "../../src/recipe/index.js";
import { measuresOf } from "../../src/sweep/measure.js";
import { grouped, type RunResult, readResults, requireSame, resultOf, writeResults } from "../../src/sweep/results.js";
import { csvOf, tableRows } from "../../src/sweep/show.js";
import type { Metric } from "../../src/train/index.js";
import { temporary, tinyRecipe } from "../commands/cli.js";

const recipeWith = (...changes: readonly string[]) => parseRecipe(overrideRecipe(tinyRecipe, changes), "tiny");

const result = (name: string, seed: number, knnAfter: number | null, ...changes: readonly string[]): RunResult => ({
  name,
  slug: `${name}-seed-${seed}`,
  recipe: recipeWith(`seed=${seed}`, ...changes),
  data: "photos",
  test: knnAfter === null ? null : "held",
  loss: 2 + seed,
  knnBefore: knnAfter === null ? null : 50,
  knnAfter,
  ami: null,
  seconds: 10,
});

test("results are read as they were written, and a run is found by its name and seed", async (t) => {
  const folder = await temporary();
  const file = join(folder, "results.jsonl");
  t.deepEqual(await readResults(file), []);
  const results = [result("a", 0, 70.5), result("a", 1, null)];
  await writeResults(file, results);
  t.deepEqual(await readResults(file), results);
  t.deepEqual(await readdir(folder), ["results.jsonl"]);
  t.is(resultOf(results, { name: "a", slug: "other", recipe: recipeWith("seed=1") }), results[1]);
  t.is(resultOf(results, { name: "b", slug: "a-seed-1", recipe: recipeWith("seed=1") }), undefined);
  await appendFile(file, '{"name":"b","sl');
  const error = await t.throwsAsync(readResults(file), { instanceOf: CheckpointError });
  t.true(error.message.includes(`${file}, line 3 is damaged`), error.message);
});

test("a run of other settings, data or held-out images is refused by what differs; another name of the recipe is not", (t) => {
  const before = result("a", 0, 70);
  const run = { name: "a", slug: "a-seed-0", recipe: recipeWith("method.temperature=0.3", "views.scale=[0.5,1]") };
  const now = { data: "pictures", test: null };
  const error = t.throws(() => requireSame(run, now, before, "here"), { instanceOf: UsageError });
  for (const said of [
    'here holds the run "a" (seed 0)',
    "method.temperature is 0.3, was 0.2",
    "views.scale is [0.5,1], was [0.2,1]",
    "the images are pictures, were photos",
    "the images held out are not given, were held",
  ])
    t.true(error.message.includes(said), error.message);
  const renamed = { ...run, recipe: recipeWith("name=other", "description=else") };
  t.notThrows(() => requireSame(renamed, { data: "photos", test: "held" }, before, "here"));
});

test("the table has the settings that differ, and means with sample deviations over seeds", async (t) => {
  const results = [
    result("full", 0, 70),
    result("full", 1, 73),
    result("flat, plain", 0, 60, "method.clusters=[]", "method.instanceSelection=false"),
  ];
  // of 70 and 73: mean 71.5, deviation √((1.5² + 1.5²) / 1) = 2.1213; of 2 and 3: 2.5 and 0.7071
  t.deepEqual(tableRows(grouped(results)), [
    ["run", "clusters", "instanceSelection", "seeds", "loss", "kNN before %", "kNN after %", "time s"],
    ["full", "6/3", "yes", "2", "2.500 ± 0.707", "50.00 ± 0.00", "71.50 ± 2.12", "10 ± 0"],
    ["flat, plain", "none", "no", "1", "2.000", "50.00", "60.00", "10"],
  ]);
  t.is(
    await csvOf(results),
    [
      "run,seed,folder,method.clusters,method.instanceSelection,loss,knnBefore,knnAfter,ami,seconds",
      "full,0,runs/full-seed-0,6/3,yes,2,50,70,,10",
      "full,1,runs/full-seed-1,6/3,yes,3,50,73,,10",
      '"flat, plain",0,"runs/flat, plain-seed-0",none,no,2,50,60,,10',
      "",
    ].join("\n"),
  );
});

test("the loss is the last epoch's mean over steps, and time adds up over the sessions of a run", (t) => {
  const step = (step: number, epoch: number, loss: number): Metric => ({ kind: "step", step, epoch, loss });
  const session = (step: number, seconds: number): Metric => ({ kind: "session", step, seconds });
  const metrics = [step(1, 0, 9), step(2, 0, 8), step(3, 1, 4), session(3, 20), step(4, 1, 5), session(4, 7)];
  t.deepEqual(measuresOf(metrics), { loss: 4.5, seconds: 27 });
});
