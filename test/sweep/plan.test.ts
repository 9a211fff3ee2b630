import { readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { UsageError } from "../../src/errors.js";
import { parseSweep, planRuns } from "../../src/sweep/plan.js";
import { tinyRecipe } from "../commands/cli.js";

const planned = (data: object) =>
  planRuns(parseSweep({ name: "s", recipe: "tiny", ...data }, "s.json"), tinyRecipe, "s.json");

test("a grid is every combination, the last field changing fastest", (t) => {
  const runs = planned({ grid: { "method.temperature": [0.1, 0.2], "method.clusters": [[4], [6, 3]] } });
  t.deepEqual(
    runs.map(({ recipe }) => [recipe.method.temperature, recipe.method.clusters]),
    [
      [0.1, [4]],
      [0.1, [6, 3]],
      [0.2, [4]],
      [0.2, [6, 3]],
    ],
  );
  t.is(runs[1].name, "method.temperature=0.1, method.clusters=[6,3]");
});

test("common changes come first, a run's own after them, and each run is planned with every seed", (t) => {
  const runs = planned({
    set: { epochs: 5, "method.queue": 32 },
    seeds: [3, 4],
    runs: { "no hierarchy": { "method.clusters": [], epochs: 7 }, full: {} },
  });
  t.deepEqual(
    runs.map(({ name, slug, recipe: r }) => [name, slug, r.seed, r.epochs, r.method.queue, r.method.clusters]),
    [
      ["no hierarchy", "no-hierarchy-seed-3", 3, 7, 32, []],
      ["no hierarchy", "no-hierarchy-seed-4", 4, 7, 32, []],
      ["full", "full-seed-3", 3, 5, 32, [6, 3]],
      ["full", "full-seed-4", 4, 5, 32, [6, 3]],
    ],
  );
});

test("without seeds a run has the recipe's", (t) => {
  t.is(
    planRuns(parseSweep({ name: "s", recipe: {}, runs: { a: {} } }, ""), { ...tinyRecipe, seed: 8 }, "")[0].recipe.seed,
    8,
  );
});

test("names that would make one folder get folders of their own, whatever their order", (t) => {
  const slugs = (names: readonly string[]) =>
    new Map(planned({ runs: Object.fromEntries(names.map((n) => [n, {}])) }).map((r) => [r.name, r.slug]));
  const names = ["a b", "A-b", "a/../b", "../..", "!?", "Größe 2", "x".repeat(300), `${"x".repeat(300)}y`];
  const found = slugs(names);
  t.is(new Set([...found.values()].map((s) => s.toLowerCase())).size, names.length);
  for (const slug of found.values()) t.regex(slug, /^[\p{L}\p{N}][\p{L}\p{N}.-]{0,90}$/u);
  t.is(found.get("Größe 2"), "größe-2-seed-0");
  const reversed = slugs([...names].reverse());
  for (const name of names) t.is(reversed.get(name), found.get(name));
});

for (const file of readdirSync("sweeps")) {
  test(`the bundled sweep ${file} is valid`, (t) => {
    const sweep = parseSweep(JSON.parse(readFileSync(`sweeps/${file}`, "utf8")), file);
    const runs = planRuns(sweep, JSON.parse(readFileSync(`graphs/${sweep.recipe}.json`, "utf8")), file);
    t.is(new Set(runs.map((r) => r.slug)).size, runs.length);
    t.is(new Set(runs.map((r) => JSON.stringify(r.recipe))).size, runs.length, "no two runs alike");
  });
}

for (const [what, data, said] of [
  ["an unknown field", { runs: { a: {} }, sed: [1] }, "sed: no such field (did you mean set?)"],
  ["nothing to run", {}, "there is nothing to run"],
  ["no runs", { runs: {} }, "there is nothing to run"],
  ["runs and a grid", { runs: { a: {} }, grid: { epochs: [1] } }, "grid: give either runs or grid"],
  ["a field without values", { grid: { epochs: [] } }, "grid.epochs: give at least one value"],
  ["a value twice", { grid: { "method.clusters": [[4], [4]] } }, "method.clusters: [4] is given twice"],
  ["a seed twice", { runs: { a: {} }, seeds: [1, 1] }, "seeds: 1 is given twice"],
  ["a seed among the changes", { runs: { a: { seed: 3 } } }, 'runs.a.seed: give seeds as "seeds"'],
  ["a recipe of the wrong kind", { recipe: 3, runs: { a: {} } }, "recipe: give a recipe"],
  [
    "an unknown field of the recipe",
    { runs: { fine: {}, wrong: { "method.temprature": 1 } } },
    'the run "wrong": method.temprature: no such field (did you mean temperature?)',
  ],
  [
    "a field within a number",
    { runs: { wrong: { "epochs.x": 1 } } },
    'the run "wrong": epochs.x=1: epochs is not a group',
  ],
  [
    "fields that do not fit together",
    { grid: { "method.queue": [64, 8] } },
    'the run "method.queue=8": method.queue: a queue of 8 cannot take the 16 keys',
  ],
] as const) {
  test(`a sweep with ${what} is refused, by name`, (t) => {
    const error = t.throws(() => planned(data), { instanceOf: UsageError });
    t.true(error.message.startsWith("s.json: ") && error.message.includes(said), error.message);
  });
}
