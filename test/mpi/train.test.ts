import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import test from "ava";
import { onDisk, readCheckpoint } from "../../src/disk/index.js";
import { UsageError } from "../../src/errors.js";
import { loadRecipe } from "../../src/presets/index.js";
import { type Checkpoint, lastSoundCheckpoint, RunFolder, type StepMetric } from "../../src/train/index.js";
import { planOf } from "../../src/train/plan.js";
import { images, tinyRecipe, withRecipe } from "../commands/cli.js";
import { trained } from "../train/trained.js";
import { mpirun, script, withLauncher } from "./mpirun.js";

/** Sums are rounded otherwise, and that is all. */
const close = 1e-5;
/**
 * But for gradients where that takes a number across a ReLU's zero: what comes back through it comes or goes as a whole
 * (`test/programs/reluSteps.test.ts`), a thousandth of a gradient. It befalls few steps of these.
 */
const closeAtZero = 1e-3;
const fewSteps = 1 / 4;
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
  const { code, stdout, stderr } = await mpirun(
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
  const reads = JSON.parse(stdout) as readonly (readonly Read[])[];
  return { run, steps, reads, checkpoint: await lastSoundCheckpoint(run, t.fail) };
}

/** What a process asked its loader for. */
interface Read {
  readonly use: "train" | "embed";
  readonly epoch: number;
  readonly images: readonly number[];
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
    near(t, [step.gradientNorm], [one.steps[i].gradientNorm], `step ${i}: the gradient`, closeAtZero);
  }
  const jumps = steps.filter(({ gradientNorm }, i) => Math.abs(gradientNorm - one.steps[i].gradientNorm) > close);
  t.true(jumps.length <= fewSteps * steps.length, `gradients differ in ${jumps.length} of ${steps.length} steps`);
  t.deepEqual(Object.keys(tensors).sort(), Object.keys(one.tensors).sort());
  for (const [name, { data }] of Object.entries(tensors))
    near(
      t,
      Array.from(data, Number),
      Array.from(one.tensors[name].data, Number),
      name,
      name.startsWith("optimizer/") ? closeAtZero : close,
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

const data = "synthetic:count=98,size=16"; // two images more than three processes share evenly

withLauncher("openmpi", "three processes train to the numbers of one, 24 steps and two clusterings long", async (t) => {
  const encoder = { ...small.encoder, querySubBatches: 3, keySubBatches: 3 };
  const changes = { ...small, batchSize: 12, encoder };
  const { folder, recipe } = await withRecipe(changes);
  const one = await trained({ changes, data });
  const { steps, checkpoint, reads } = await together(t, { processes: 3, recipe, data, folder: join(folder, "run") });
  t.is(steps.length, 24);
  t.true(steps.some((step) => step.instanceKept !== undefined));
  equalRuns(t, steps, checkpoint, one);
  t.deepEqual(checkpoint.assignments, (await readCheckpoint(one.result.checkpoint)).assignments);

  // Of the images of an epoch one process reads each, once; and once more to embed it.
  const all = reads.flat();
  for (const epoch of [0, 1, 2]) {
    const trainedOn = all.filter((read) => read.use === "train" && read.epoch === epoch).flatMap((read) => read.images);
    t.is(trainedOn.length, 96);
    t.is(new Set(trainedOn).size, 96);
  }
  const shares = reads.map((own) => own.filter(({ use }) => use === "embed").flatMap(({ images }) => images));
  const every = Array.from({ length: 98 }, (_, i) => i);
  t.deepEqual(
    shares.flat().sort((a, b) => a - b),
    every.flatMap((i) => [i, i]), // of two clusterings
  );
  t.deepEqual(
    shares.map((own) => own.length / 2),
    [32, 33, 33],
  );
});

withLauncher(
  "openmpi",
  "a run of one process goes on in two, then in three, then in one, to the same numbers: the variant reference",
  async (t) => {
    const encoder = { ...small.encoder, querySubBatches: 6, keySubBatches: 6 };
    const method = { ...tinyRecipe.method, variant: "reference" };
    const changes = { ...small, batchSize: 12, encoder, method, accumulation: 2, epochs: 2 };
    const one = await trained({ changes, data });
    const first = await trained({ changes, data, stopAt: 2 });
    const { path } = first.run;
    const recipe = join(dirname(path), "tiny.json");
    const second = await together(t, { processes: 2, recipe, data, folder: path, stopAt: 5 });
    const third = await together(t, { processes: 3, recipe, data, folder: path, stopAt: 7 });
    const counts = [first, second, third].map(({ steps }) => steps.length);
    t.true(
      counts[0] >= 2 && counts[1] > counts[0] && counts[2] > counts[1] && counts[2] < one.steps.length,
      `${counts}`,
    );
    const last = await trained({ changes, data, resume: third.run });
    // The norm is of an update's gradients in several processes, and of its last batch's in one.
    const withoutNorm = (steps: readonly StepMetric[]) => steps.map((step) => ({ ...step, gradientNorm: 0 }));
    equalRuns(t, withoutNorm(last.steps), last, { ...one, steps: withoutNorm(one.steps) });
  },
);

withLauncher(
  "openmpi",
  "a step that two processes share is that of one: the nets of the train fixtures, and a narrow ResNet-18",
  async (t) => {
    const { code, stdout, stderr } = await mpirun("openmpi", 2, [script("fixtures.js"), "20"], { seconds: 240 });
    t.is(code, 0, stderr);
    const nets = JSON.parse(stdout) as readonly ({ readonly net: string } & Record<string, readonly number[]>)[];
    t.is(nets.length, 4);
    for (const { net, ...differences } of nets)
      for (const [kind, byStep] of Object.entries(differences)) {
        t.is(byStep.length, 20);
        near(t, byStep, Array(20).fill(0), `${net}, ${kind}`);
      }
  },
);

test("processes that do not divide the parts of a batch are refused, with what does", async (t) => {
  const { recipe } = await withRecipe(small);
  const read = await loadRecipe(recipe, []);
  t.notThrows(() => planOf(read, 64, 2));
  const error = t.throws(() => planOf(read, 64, 3), { instanceOf: UsageError });
  t.regex(error?.message ?? "", /3 processes cannot share the 4 parts .*encoder\.querySubBatches/);
});
