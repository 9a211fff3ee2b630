/** Numbers that stay finite where they are led astray, and the same where they must be. */
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import test from "ava";
import sharp from "sharp";
import type { DenseArray } from "../../src/array.js";
import { replayCase } from "../../src/replay/index.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import { tinyRecipe } from "../commands/cli.js";
import { trained } from "../train/trained.js";
import { slopeOf } from "./endurance.js";

const isSound = ({ data }: DenseArray) => !(data instanceof Float32Array) || data.every(Number.isFinite);

const lastBytes = async (run: string) => {
  const last = (await readdir(join(run, "checkpoints"))).sort().at(-1) as string;
  return readFile(join(run, "checkpoints", last));
};

test.serial("loading threads and other work on the machine change no byte of what is learned", async (t) => {
  const expected = await lastBytes((await trained({ workers: 1 })).run.path);
  const busy = Array.from({ length: 2 }, () => new Worker("for (;;);", { eval: true }));
  const [beside, stopped] = [await trained({ workers: 3 }), await trained({ workers: 2, stopAt: 5 })];
  const resumed = await trained({ workers: 5, resume: stopped.run });
  await Promise.all(busy.map((worker) => worker.terminate()));
  t.deepEqual(await lastBytes(beside.run.path), expected, "three threads on a busy machine");
  t.deepEqual(await lastBytes(resumed.run.path), expected, "stopped, and gone on with by five threads");
});

/** A list that names one picture of a colour 64 times. */
async function same(level: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "hcsc-same-"));
  await sharp({ create: { width: 16, height: 16, channels: 3, background: { r: level, g: level, b: level } } })
    .png()
    .toFile(join(folder, "a.png"));
  await writeFile(join(folder, "same.txt"), "a.png\n".repeat(64));
  return join(folder, "same.txt");
}

const method = (changes: object) => ({ method: { ...tinyRecipe.method, ...changes } });
for (const [what, level, changes] of [
  ["identical images", 90, {}],
  ["black images", 0, {}],
  ["identical images, reference", 90, method({ variant: "reference" })],
  ["one cluster, so that selection rejects every negative", null, method({ clusters: [1] })],
  ["one cluster of identical images", 90, method({ clusters: [1] })],
  ["a coarsest level of one cluster", null, method({ clusters: [6, 1] })],
  ["no levels", null, method({ clusters: [] })],
  ["clusters of which most are dropped as too small", null, method({ clusters: [20, 3], minimumClusterSize: 9 })],
  ["the lowest temperature", null, method({ temperature: 0.025 })],
] as const)
  test.serial(`training on ${what} stays finite`, async (t) => {
    const { steps, tensors } = await trained({ changes, ...(level === null ? {} : { data: await same(level) }) });
    t.true(steps.length > 0 && steps.every(({ loss, gradientNorm }) => Number.isFinite(loss + gradientNorm)));
    for (const [name, tensor] of Object.entries(tensors)) t.true(isSound(tensor), name);
  });

/** Changes to a fixture's inputs. */
const fill = (value: number) => (data: DenseArray["data"]) => (data as Float32Array).fill(value);
const unit = (data: DenseArray["data"]) => (data as Float32Array).map((_, i) => (i % 64 === 0 ? 1 : 0));
const opposite = (data: DenseArray["data"]) => unit(data).map((x) => -x);
const extremes: Readonly<Record<string, Readonly<Record<string, (data: DenseArray["data"]) => DenseArray["data"]>>>> = {
  "zero queries": { q: fill(0) },
  "zero keys and queue": { k: fill(0), queue: fill(0) },
  "identical queries, keys and queue": { q: unit, k: unit, queue: unit },
  "keys opposite to the queries": { q: unit, k: opposite, queue: unit },
  "every negative rejected": { uInstance_0: fill(1), uInstance_1: fill(1), uPrototype_0: fill(1) },
  "identical prototypes": { prototypes_0: unit, prototypes_1: unit, q: unit },
  "zero prototypes": { prototypes_0: fill(0), prototypes_1: fill(0) },
  "the smallest temperatures": {
    temperature_0: fill(0.0125),
    temperature_1: fill(0.0125),
    q: unit,
    prototypes_0: opposite,
  },
};
for (const variant of ["paper", "reference"])
  test.serial(`losses and gradients are finite for vectors at the edges, ${variant}`, async (t) => {
    const { metadata, tensors } = await readTensors(`test/fixtures/loss-${variant}-l2.safetensors`);
    const engine = await openEngine();
    t.teardown(() => engine.close());
    for (const [what, changes] of Object.entries(extremes)) {
      const changed = new Map(
        [...tensors].map(([name, { shape, data }]) => [name, { shape, data: changes[name]?.(data.slice()) ?? data }]),
      );
      const out = await replayCase(JSON.parse(metadata.config), changed, engine, await chooseTarget(engine));
      t.true("out.loss" in out && "out.gradQ" in out);
      for (const [name, tensor] of Object.entries(out)) t.true(isSound(tensor), `${what}: ${name}`);
    }
  });

test("a slope is that of the line that fits best", (t) => {
  t.is(slopeOf([0, 1, 2, 3].map((x) => [x, 5 + 2 * x])), 2);
  t.true(Math.abs(slopeOf([0, 1, 2, 3].map((x) => [x, 5 + (x % 2 === 0 ? 1 : -1)]))) < 0.5);
});
