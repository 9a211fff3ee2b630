import assert from "node:assert";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { onDisk } from "../../src/disk/index.js";
import { parseRecipe } from "../../src/recipe/index.js";
import { saveCheckpoint } from "../../src/train/checkpoint.js";
import { DamageWatch, damagedFrom, isBefore, lastSoundCheckpoint, resumePoint } from "../../src/train/damage.js";
import { type Metric, RunFolder } from "../../src/train/index.js";
import { stepOf } from "../../src/train/runFolder.js";
import { tinyRecipe } from "../commands/cli.js";

const steps = (norms: readonly number[], loss = 5): readonly Metric[] =>
  norms.map((gradientNorm, i) => ({ kind: "step", step: i + 1, epoch: 0, loss, gradientNorm }));
const failure = (step: number): Metric => ({ kind: "failure", step });
const calm = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => 1 + (i % 3));

test("a run that did not fail shows no damage, however wild", (t) => t.is(damagedFrom(steps([1, 1, 1000, 1])), null));

test("damage begins with the wild steps that lead to the failure", (t) => {
  t.is(damagedFrom([...steps(calm(50)), failure(51)]), 51);
  t.is(damagedFrom([...steps([...calm(50), 90, 2, 400, 1e7]), failure(55)]), 51);
  t.is(damagedFrom([...steps([...calm(10), 90, ...calm(40), 90]), failure(53)]), 52, "an old outlier healed");
  t.is(damagedFrom([...steps([...calm(10), Number.NaN]), failure(12)]), 11);
});

/** Calm, then growing by a factor a step. */
const growing = (calmSteps: number, factor: number, to = 1e38): readonly number[] => [
  ...calm(calmSteps),
  ...Array.from({ length: Math.floor(Math.log(to) / Math.log(factor)) }, (_, i) => 2 * factor ** (i + 1)),
];

test("slow growth is dated by where it began, however long it went on", (t) => {
  for (const factor of [1.02, 1.1, 2]) {
    const norms = growing(100, factor);
    const from = damagedFrom([...steps(norms), failure(norms.length + 1)]) as number;
    const seen = norms[from - 2];
    t.true(from > 100 && seen <= Math.sqrt(20) * 2, `${factor}: from step ${from}, after a norm of ${seen}`);
  }
  const losses = Array.from({ length: 400 }, (_, i) => ({
    ...steps([1], 5 * 1.01 ** Math.max(0, i - 200))[0],
    step: i + 1,
  }));
  const from = damagedFrom([...losses, failure(401)]) as number;
  t.true(from > 200 && from < 300, `the loss alone grew, from step ${from}`);
});

test("the loss of another phase is another sum, and no damage", (t) => {
  const later = steps(calm(40), 50).map((step, i) => ({ ...step, step: 41 + i, instanceKept: [1] }));
  t.is(damagedFrom([...steps(calm(40)), ...later, failure(81)]), 81);
});

/** A run that checkpoints every so many steps while it watches its numbers, as the trainer does, and fails. */
async function failed(norms: readonly number[], every: number): Promise<RunFolder> {
  const folder = join(await mkdtemp(join(tmpdir(), "hcsc-damage-")), "run");
  const recipe = parseRecipe(tinyRecipe, "tiny");
  const run = await RunFolder.create(onDisk(folder), { recipe, data: "x", images: 1, versions: {}, started: "" });
  const watch = new DamageWatch();
  const save = (step: number) => {
    const { from } = watch;
    const position = { epoch: 0, batch: step, step, enqueued: 0 };
    const tensors = { weight: { shape: [1], data: Float32Array.of(step) } };
    const isWanted = (updates: number) => from !== null && isBefore(updates, from);
    return saveCheckpoint(run, { position, tensors, assignments: [] }, isWanted);
  };
  await save(0);
  for (const [i, gradientNorm] of norms.entries()) {
    const metric = { kind: "step" as const, step: i + 1, loss: 5, gradientNorm };
    watch.observe(metric);
    await run.append(metric);
    if ((i + 1) % every === 0) await save(i + 1);
  }
  await run.append(failure(norms.length + 1));
  return run;
}

test("a run whose numbers grew over many checkpoints goes on from before they did", async (t) => {
  const run = await failed(growing(100, 1.1), 20);
  const files = (await run.listCheckpoints()).map(stepOf);
  t.true(files.length === 4 && files[1] > 900, `${files}`);
  const point = await resumePoint(run, assert.fail);
  t.is(point?.damagedFrom, null);
  t.is(point?.checkpoint.position.step, 100);
  t.is((await lastSoundCheckpoint(run, assert.fail)).position.step, 100, "and is looked at as it was then");
});

test("where no checkpoint from before the damage is left, that is said", async (t) => {
  const run = await failed(growing(100, 1.01, 1e4), 20);
  const point = await resumePoint(run, assert.fail);
  t.true((point?.damagedFrom ?? 0) > 100, `${point?.damagedFrom}`);
  t.is(point?.checkpoint.position.step, Math.min(...(await run.listCheckpoints()).map(stepOf)));
});
