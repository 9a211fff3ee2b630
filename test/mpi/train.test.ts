import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import test from "ava";
import { onDisk } from "../../src/disk/index.js";
import { UsageError } from "../../src/errors.js";
import { loadRecipe } from "../../src/presets/index.js";
import { type Checkpoint, lastSoundCheckpoint, RunFolder, type StepMetric } from "../../src/train/index.js";
import { planOf } from "../../src/train/plan.js";
import { images, withRecipe } from "../commands/cli.js";
import { trained } from "../train/trained.js";
import { mpirun, script, withLauncher } from "./mpirun.js";

/** Sums are rounded otherwise, and that is all. */
const close = 1e-5;
/** But for gradients: where that takes a number across a ReLU's zero, one of them comes or goes. */
const closeGradients = 1e-3;
const parts = { querySubBatches: 4, keySubBatches: 4 };
const small = { epochs: 3, batchSize: 8, encoder: { backbone: "resnet8", imageSize: 16, dimension: 16, ...parts } };

interface Together {
  readonly processes: number;
  readonly recipe: string;
  readonly data?: string;
  readonly folder: string;
  /** The step to stop at. */
  readonly stopAt?: number;
}

/** Trains a run, or the rest of one, in several processes. */
async function together(t: ExecutionContext, { processes, recipe, data = images, folder, stopAt = 0 }: Together) {
  const { code, stderr } = await mpirun(
    "openmpi",
    processes,
    [script("train.js"), folder, recipe, data, String(stopAt)],
    {
      seconds: 180,
    },
  );
  t.is(code, 0, stderr);
  const run = await RunFolder.open(onDisk(folder));
  const steps = (await run.metrics()).filter((m) => m.kind === "step") as unknown as StepMetric[];
  return { run, steps, checkpoint: await lastSoundCheckpoint(run, t.fail) };
}

function equalRuns(
  t: ExecutionContext,
  steps: readonly StepMetric[],
  { tensors }: Pick<Checkpoint, "tensors">,
  one: { readonly steps: readonly StepMetric[]; readonly tensors: Checkpoint["tensors"] },
): void {
  t.is(steps.length, one.steps.length);
  const numbersOf = ({ kind, gradientNorm, ...metric }: StepMetric) => Object.values(metric).flat();
  for (const [i, step] of steps.entries()) {
    near(t, numbersOf(step), numbersOf(one.steps[i]), `step ${i}`);
    near(t, [step.gradientNorm], [one.steps[i].gradientNorm], `step ${i}: the gradient`, closeGradients);
  }
  t.deepEqual(Object.keys(tensors).sort(), Object.keys(one.tensors).sort());
  for (const [name, { data }] of Object.entries(tensors))
    near(
      t,
      Array.from(data, Number),
      Array.from(one.tensors[name].data, Number),
      name,
      name.startsWith("optimizer/") ? closeGradients : close,
    );
}

function near(
  t: ExecutionContext,
  numbers: readonly number[],
  expected: readonly number[],
  what: string,
  bound = close,
): void {
  t.is(numbers.length, expected.length, what);
  const worst = numbers.reduce((most, x, i) => Math.max(most, Math.abs(x - expected[i])), 0);
  t.true(worst <= bound, `${what}: off by ${worst}`);
}

withLauncher("openmpi", "three processes train to the numbers of one, 24 steps and two clusterings long", async (t) => {
  const data = "synthetic:count=98,size=16"; // two images more than three processes share evenly
  const encoder = { ...small.encoder, querySubBatches: 3, keySubBatches: 3 };
  const changes = { ...small, batchSize: 12, encoder };
  const { folder, recipe } = await withRecipe(changes);
  const one = await trained({ changes, data });
  const { steps, checkpoint } = await together(t, { processes: 3, recipe, data, folder: join(folder, "run") });
  t.is(steps.length, 24);
  t.true(steps.some((step) => step.instanceKept !== undefined));
  equalRuns(t, steps, checkpoint, one);
});

withLauncher("openmpi", "a run of one process goes on in two, and theirs in one, to the same numbers", async (t) => {
  const changes = { ...small, accumulation: 2, epochs: 2 };
  const one = await trained({ changes });
  const first = await trained({ changes, stopAt: 2 });
  const { path } = first.run;
  const recipe = join(dirname(path), "tiny.json");
  const second = await together(t, { processes: 2, recipe, folder: path, stopAt: 4 });
  t.true(first.steps.length >= 2 && second.steps.length > first.steps.length);
  t.true(second.steps.length < one.steps.length);
  const third = await trained({ changes, resume: second.run });
  // The norm is of an update's gradients in several processes, and of its last batch's in one.
  const withoutNorm = (steps: readonly StepMetric[]) => steps.map((step) => ({ ...step, gradientNorm: 0 }));
  equalRuns(t, withoutNorm(third.steps), third, { ...one, steps: withoutNorm(one.steps) });
});

test("processes that do not divide the parts of a batch are refused, with what does", async (t) => {
  const { recipe } = await withRecipe(small);
  const read = await loadRecipe(recipe, []);
  t.notThrows(() => planOf(read, 64, 2));
  const error = t.throws(() => planOf(read, 64, 3), { instanceOf: UsageError });
  t.regex(error?.message ?? "", /3 processes cannot share the 4 parts .*encoder\.querySubBatches/);
  const reference = await loadRecipe(recipe, ["method.variant=reference"]);
  t.regex(
    t.throws(() => planOf(reference, 64, 2))?.message ?? "",
    /the variant reference .* one process, or the variant paper/,
  );
  t.notThrows(() => planOf(reference, 64));
});
