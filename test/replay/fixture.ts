import { readdirSync } from "node:fs";
import type { ExecutionContext } from "ava";
import type { DenseArray } from "../../src/array.js";
import { type Placement, placementWarning } from "../../src/engine/index.js";
import { replayCase } from "../../src/replay/index.js";
import { chooseTarget, type EngineOptions, openEngine } from "../../src/runtime/index.js";
import { readTensors } from "../../src/tensorfile/index.js";
import type { TensorFile } from "../../src/tensors/index.js";

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

/** What a replay may read. */
export const inputsOf = ({ tensors }: TensorFile) => new Map([...tensors].filter(([name]) => !name.startsWith("out.")));

/** The fixtures that hold one expected value for each output, by name. */
export const fixtures = readdirSync("test/fixtures")
  .filter((f) => f.endsWith(".safetensors") && !f.startsWith("cluster-quality"))
  .map((f) => f.replace(".safetensors", ""));

/**
 * Replays a fixture on a provider and holds every output against the expected one.
 *
 * @param slack - how many times the fixtures' tolerance is allowed
 */
export async function assertReplays(t: ExecutionContext, fixture: string, on: EngineOptions, slack: number) {
  const file = await readTensors(`test/fixtures/${fixture}.safetensors`);
  const config = JSON.parse(file.metadata.config);
  const placed: Placement[] = [];
  const engine = await openEngine({ ...on, onPlaced: (p) => placed.push(p) });
  t.teardown(() => engine.close());
  const outputs = await replayCase(config, inputsOf(file), engine, await chooseTarget(engine));
  for (const placement of placed) t.is(placementWarning(placement), null);
  assertOutputs(t, file, outputs, slack);
}

/** Holds every output of a fixture's case against the expected one. */
export function assertOutputs(
  t: ExecutionContext,
  file: TensorFile,
  outputs: Readonly<Record<string, DenseArray>>,
  slack: number,
): void {
  const config = JSON.parse(file.metadata.config);
  for (const [name, expected] of file.tensors) {
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
    t.true(error <= slack * bound, `${name}: error ${error}, allowed ${slack * bound}`);
  }
}
