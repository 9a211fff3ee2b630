import { readdirSync } from "node:fs";
import test from "ava";
import type { DenseArray } from "../../src/array.js";
import { replayCase } from "../../src/replay/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { readTensors, type TensorFile } from "../../src/tensorfile/index.js";

/** Largest absolute difference over the largest absolute value. */
function relativeError(actual: DenseArray, expected: DenseArray): number {
  let [difference, size] = [0, 0];
  for (let i = 0; i < expected.data.length; i++) {
    const [a, e] = [Number(actual.data[i]), Number(expected.data[i])];
    difference = Math.max(difference, Number.isNaN(a) ? Number.POSITIVE_INFINITY : Math.abs(a - e));
    size = Math.max(size, Math.abs(e));
  }
  return size === 0 ? difference : difference / size;
}

function absoluteError(actual: DenseArray, expected: DenseArray): number {
  let difference = 0;
  for (let i = 0; i < expected.data.length; i++)
    difference = Math.max(difference, Math.abs(Number(actual.data[i]) - Number(expected.data[i])));
  return difference;
}

/** What the fixtures' README asks, by the name of an output: the first row that matches. */
const tolerances: readonly (readonly [RegExp, (a: DenseArray, e: DenseArray) => number, number])[] = [
  [/^augment .*/, absoluteError, 0],
  [/^optimizer .*/, relativeError, 1e-5],
  [/Mask_|positive_|prediction_|assignment|im2cluster|num_batches_tracked/, absoluteError, 0],
  [/^eval .*(top1|top5)/, absoluteError, 1e-3],
  [/^eval .*/, absoluteError, 1e-5],
  [/gradQ|grad\./, relativeError, 1e-3],
  [/^cluster .*temperature/, relativeError, 1e-4],
  [/^cluster .*/, relativeError, 1e-5],
  [/oss|terms|icsc|pcsc|KeepFraction/, relativeError, 1e-4],
  [/^train .*/, relativeError, 1e-3],
];

const inputsOf = ({ tensors }: TensorFile) => new Map([...tensors].filter(([name]) => !name.startsWith("out.")));

const files = readdirSync("test/fixtures").filter(
  (f) => f.endsWith(".safetensors") && !f.startsWith("cluster-quality"),
);
for (const file of files) {
  test(`${file.replace(".safetensors", "")} replays within the fixtures' tolerances`, async (t) => {
    const fixture = await readTensors(`test/fixtures/${file}`);
    const config = JSON.parse(fixture.metadata.config);
    const engine = await openEngine();
    t.teardown(() => engine.close());
    const outputs = await replayCase(config, inputsOf(fixture), engine);
    for (const [name, expected] of fixture.tensors) {
      if (!name.startsWith("out.")) continue;
      const actual = outputs[name];
      if (!actual) {
        t.fail(`${name} is missing`);
        continue;
      }
      t.deepEqual(actual.shape, expected.shape, name);
      const [, measure, bound] = tolerances.find(([pattern]) => pattern.test(`${config.kind} ${name}`)) ?? [
        null,
        relativeError,
        1e-4,
      ];
      const error = measure(actual, expected);
      t.true(error <= bound, `${name}: error ${error}, allowed ${bound}`);
    }
  });
}

test("k-means reaches the objectives that luck reaches, and the true leaves as well as the authors' code", async (t) => {
  const fixture = await readTensors("test/fixtures/cluster-quality.safetensors");
  const engine = await openEngine();
  t.teardown(() => engine.close());
  const outputs = await replayCase(JSON.parse(fixture.metadata.config), inputsOf(fixture), engine);
  const number = (name: string) => Number(outputs[name].data[0]);
  for (const [l, allowed] of [1.02, 1.08, 1.08].entries()) {
    const spread = Array.from(
      (fixture.tensors.get(`out.objectiveSpread_${l}`) as DenseArray).data as Float32Array,
    ).sort((a, b) => a - b);
    const median = (spread[3] + spread[4]) / 2;
    t.true(
      number(`out.objective_${l}`) <= allowed * median,
      `level ${l}: ${number(`out.objective_${l}`)} against ${median}`,
    );
    t.true(
      number(`out.ami_${l}`) >= Number(fixture.tensors.get(`out.ami_${l}`)?.data[0]) - 0.02,
      `level ${l}: AMI ${number(`out.ami_${l}`)}`,
    );
  }
});
