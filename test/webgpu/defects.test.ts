/**
 * Every row of the table of defects with its smallest case: as it is, the provider is wrong, so the row is needed; in the
 * device's form it is right. When a case as it is comes out right, the kernel was mended and the row can go.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import test from "ava";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { DenseArray } from "../../src/array.js";
import type { Placement } from "../../src/engine/index.js";
import { GraphError } from "../../src/errors.js";
import {
  type Attributes,
  abs,
  and,
  apply,
  applyAll,
  buildModel,
  cast,
  deviceForm,
  type Graph,
  greater,
  input,
  inputsOf,
  ints,
  known,
  max,
  type OpType,
  pad,
  slice,
  sub,
  type Value,
} from "../../src/graph/index.js";
import { defects } from "../../src/graph/passes/device/defects.js";
import type { Met } from "../../src/graph/passes/device/replacement.js";
import { topological } from "../../src/graph/value.js";
import { normal, random } from "../../src/random.js";
import { deviceEngine, deviceTest } from "./device.js";

/** An op on inputs; or, `beside`, values that are only wrong in one model. */
type Case = readonly [
  row: string,
  op: OpType | "beside",
  inputs: readonly Value[],
  attributes?: Attributes,
  outputs?: number,
];

const x = (...shape: number[]) => input(`x[${shape}]`, shape);
const w = (...shape: number[]) => input(`w[${shape}]`, shape);
const b = (...shape: number[]) => input(`b[${shape}]`, shape);
/** Numbers about 100. */
const far = (...shape: number[]) => input(`far[${shape}]`, shape);

const transposed = "a transposed convolution with one output channel a group mixes groups";
const endPads = "a convolution taken for a product forgets end pads";
const across = "a grouped convolution reads channels of two groups at once";
const channels = "a convolution of 3n channels to 4m reads the wrong ones";
const backwards = "a slice backwards starts from the wrong place";
const steps = (...v: number[]) => v.map((n) => ints([n]));

const tooMany = "a product or convolution of too many workgroups writes past its end";
const images = pad(x(1, 1, 1, 3), [2 ** 16, 0, 0, 0, 0, 0, 0, 0]);
/** The last of one image more than a square of workgroups, all of zeros but that. */
const lastImage = slice(apply("Conv", [images, w(2, 1, 1, 2)]), 0, 2 ** 16, 2 ** 16 + 1);

const noAxes = { noop_with_empty_axes: 1 };
/** Where both are above zero, as 0 and 1. */
const both = (p: Value, q: Value) => cast(and(greater(p, 0), greater(q, 0)), "float32");

const cases: readonly Case[] = [
  ["a normalization takes its variance as E[x²] − mean²", "LayerNormalization", [far(4, 64), w(64), b(64)], {}, 1],
  ["a normalization repeats no scale or bias", "LayerNormalization", [x(4, 6), w(1)]],
  ["a normalization repeats no scale or bias", "LayerNormalization", [x(2, 3, 5), w(3, 1), b(3, 5)], { axis: 1 }],
  ["an instance normalization does too", "InstanceNormalization", [far(2, 3, 8, 8), w(3), b(3)]],
  ["a logarithm of a sum of exponentials subtracts no maximum", "ReduceLogSumExp", [far(3, 5), ints([1])]],
  ["a logarithm of a sum of exponentials subtracts no maximum", "ReduceLogSumExp", [far(2, 3, 5)], { keepdims: 0 }],
  ["much of what gives nothing does not run", "Conv", [x(0, 1, 1, 1), w(1, 1, 1, 1)]],
  [transposed, "ConvTranspose", [x(2, 4, 4, 4), w(4, 1, 1, 1)], { group: 2 }],
  [transposed, "ConvTranspose", [x(1, 12, 3, 5), w(12, 1, 3, 3), b(3)], { group: 3, strides: [2, 1] }],
  [endPads, "Conv", [x(2, 4, 5, 5), w(8, 4, 1, 1)], { pads: [0, 0, 1, 1] }],
  [endPads, "Conv", [x(2, 4, 3, 5), w(5, 4, 3, 5), b(5)], { pads: [0, 0, 2, 0] }],
  [across, "Conv", [x(1, 4, 5, 5), w(10, 2, 3, 3)], { group: 2 }],
  [across, "Conv", [x(2, 6, 6, 4), w(14, 3, 3, 3), b(14)], { group: 2, pads: [1, 1, 1, 1], strides: [2, 1] }],
  [channels, "Conv", [x(1, 6, 7, 7), w(4, 6, 3, 3)]],
  [channels, "Conv", [x(2, 9, 7, 5), w(8, 9, 1, 1), b(8)], { strides: [2, 2] }],
  [channels, "Conv", [x(2, 6, 9), w(4, 6, 3)]],
  [backwards, "Slice", [x(7), ...steps(5, 0, 0, -1)]],
  [backwards, "Slice", [x(4, 9), ints([-3, 0]), ints([-8, 3]), ints([1, 0]), ints([-2, 1])]],
  ["a product with a scalar to add ends the process", "Gemm", [x(5, 8), w(8, 12), b()]],
  ["a product over nothing ends the process", "MatMul", [x(2, 0), w(0, 3)]],
  ["a product over nothing ends the process", "MatMul", [x(5, 2, 0), w(0, 3)]],
  ["a power of two broadcasts reads past a row", "Pow", [far(5, 1), w(5, 48)]],
  ["a power of two broadcasts reads past a row", "Pow", [far(5, 1), w(1, 4)]],
  ["a largest or smallest of nothing does not run", "ReduceMax", [x(0, 3), ints([0])]],
  ["a largest or smallest of nothing does not run", "ReduceMin", [x(2, 0), ints([1])], { keepdims: 0 }],
  ["a reduction along no axis leaves its element's function out", "ReduceL1", [x(3), ints([])], noAxes],
  ["a reduction along no axis leaves its element's function out", "ReduceL2", [x(3), ints([])], noAxes],
  ["a reduction along no axis leaves its element's function out", "ReduceSumSquare", [x(3), ints([])], noAxes],
  ["an And of shapes that differ takes another's", "beside", [both(x(2, 4), w(1, 4)), both(b(2, 4), far(2, 1))]],
  ["a largest or smallest of nothing does not run", "beside", [cast(max(cast(x(0), "int32")), "float32")]],
  [tooMany, "beside", [lastImage]],
  ["no axis to put in does not run", "Unsqueeze", [x(3), ints([])]],
  ["much of what gives nothing does not run", "Softmax", [x(0, 4)]],
];

/** Rows of what the provider leaves to the CPU, or has no kernel for: they run on the device in its form. */
const elsewhere: readonly Case[] = [
  [
    "a group normalization is taken apart with its shapes on the CPU",
    "GroupNormalization",
    [x(2, 4, 3, 3), w(2), b(2)], // about zero, for the CPU's own form takes E[x²] − mean²
    { num_groups: 2 },
  ],
  ["a grouped convolution in 3-D has no kernel", "Conv", [x(1, 4, 3, 4, 3), w(6, 2, 2, 2, 2), b(6)], { group: 2 }],
];

/** Rows of what nothing makes right. */
const refused: readonly Case[] = [
  ["an index of the largest of nothing does not run", "ArgMax", [x(2, 0)], { axis: 1 }],
  ["a transposed convolution in 3-D has no kernel", "ConvTranspose", [x(1, 2, 3, 3, 3), w(2, 1, 2, 2, 2)]],
];

/** Of too many workgroups in each way that counts them: they are looked at without a device, where each takes ten seconds. */
const long: readonly Case[] = [
  [tooMany, "MatMul", [x(2, 1), w(1, 2_100_000)]],
  [tooMany, "MatMul", [x(2), w(2, 2_100_000)]],
  [tooMany, "MatMul", [x(2_100_000, 1), w(1, 8)]],
  [tooMany, "MatMul", [x(3, 700_000, 1), w(1, 1, 8)]],
  [tooMany, "MatMul", [x(2_100_000, 1), w(2, 1, 8)]],
  [tooMany, "MatMul", [x(70_000, 1, 2), w(70_000, 2, 8)]],
  [tooMany, "MatMul", [x(300, 1, 1, 2), w(300, 2, 8)]],
  [tooMany, "Conv", [x(66_000, 2, 3), w(2, 2, 2), b(2)]],
  [tooMany, "Conv", [x(1, 2, 2_200_000), w(1, 2, 3)], { pads: [1, 1] }],
  [tooMany, "Conv", [x(1, 1, 3, 1_100_000), w(2, 1, 2, 3), b(2)], { pads: [1, 2, 0, 1], dilations: [1, 2] }],
  [tooMany, "Conv", [x(1, 1, 2, 2_200_000), w(1, 1, 2, 3)], { pads: [1, 1, 1, 1], strides: [1, 2] }],
  [tooMany, "Conv", [x(3, 1, 700_000, 1), w(2, 1, 1, 1)]],
];

const graphOf = ([, op, inputs, attributes = {}, outputs = 1]: Case): Graph => {
  const made = op === "beside" ? inputs : applyAll(op, inputs, attributes, outputs);
  return { name: op, inputs: inputsOf(made), outputs: Object.fromEntries(made.map((v, i) => [`y${i}`, v])) };
};

const inDeviceForm = (graph: Graph): Graph => {
  const made = deviceForm(Object.values(graph.outputs));
  return { ...graph, outputs: Object.fromEntries(Object.keys(graph.outputs).map((name, i) => [name, made[i]])) };
};

function feedsOf({ inputs }: Graph): Record<string, DenseArray<Float32Array>> {
  const draw = random(3);
  return Object.fromEntries(
    inputs.map(({ name, shape }) => {
      const size = (shape as readonly number[]).reduce((a, d) => a * d, 1);
      const offset = name.startsWith("far") ? 100 : 0;
      const data = Float32Array.from({ length: size }, () => normal(draw) + offset);
      return [name, { shape: shape as readonly number[], data }];
    }),
  );
}

type Outputs = readonly (readonly number[])[];

/** The outputs of a graph. */
async function run(graph: Graph, provider: "cpu" | "webgpu"): Promise<Outputs> {
  const session = await InferenceSession.create(buildModel(graph), {
    executionProviders: [provider],
    logSeverityLevel: 4,
  });
  const given = Object.entries(feedsOf(graph)).map(([n, { shape, data }]) => [n, new Tensor("float32", data, shape)]);
  const out = await session.run(Object.fromEntries(given));
  await session.release();
  return session.outputNames.map((name) => Array.from(out[name].data as Float32Array));
}

/** The outputs on WebGPU of a graph that may end the process: in one of its own; null where it fails or ends. */
async function risked(graph: Graph, more: object): Promise<Outputs | null> {
  const feeds = Object.entries(feedsOf(graph)).map(([name, { shape, data }]) => [name, shape, [...data]]);
  const given = [Buffer.from(buildModel(graph)).toString("base64"), JSON.stringify(feeds), JSON.stringify(more)];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", child, ...given]);
    return JSON.parse(stdout, (_, v) => (typeof v === "string" ? Number(v) : v)) as number[][];
  } catch {
    return null;
  }
}

const child = `
import { InferenceSession, Tensor } from "onnxruntime-node";
const [model, feeds, more] = process.argv.slice(1);
const executionProviders = [{ name: "webgpu", enableRobustness: true, ...JSON.parse(more) }];
const session = await InferenceSession.create(Buffer.from(model, "base64"), { executionProviders, logSeverityLevel: 4 });
const given = JSON.parse(feeds).map(([n, shape, data]) => [n, new Tensor("float32", Float32Array.from(data), shape)]);
const out = await session.run(Object.fromEntries(given));
process.stdout.write(JSON.stringify(session.outputNames.map((n) => Array.from(out[n].data, String))));
`;

/** Largest difference over the largest value; infinite where there is no answer. */
function error(found: Outputs | null, expected: Outputs): number {
  if (!found) return Number.POSITIVE_INFINITY;
  const size = Math.max(...expected.flat().filter(Number.isFinite).map(Math.abs), 1e-30);
  const differences = expected.flatMap((e, i) => e.map((v, j) => (v === found[i][j] ? 0 : Math.abs(v - found[i][j]))));
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(0, ...differences) / size;
}

const title = ([, op, inputs, attributes = {}]: Case): string =>
  `${op} of ${inputs.map((v) => v.name || `[${known(v)}]`).join(", ")} ${JSON.stringify(attributes)}`;

/** Of values a hundred times their spread: what float32 leaves of them. */
const tolerance = 1e-5;

for (const [i, c] of cases.entries())
  deviceTest(`${i + 1}. ${c[0]}: ${title(c)}`, async (t) => {
    const graph = graphOf(c);
    const expected = await run(graph, "cpu");
    // A buffer as large as its tensor, as the engine's: in one with room at its end, what is written past the tensor stays there.
    const raw = error(await risked(graph, c[0] === tooMany ? { storageBufferCacheMode: "simple" } : {}), expected);
    t.true(raw > tolerance, `it is right as it is (error ${raw}): the row "${c[0]}" can go`);
    const made = error(await run(inDeviceForm(graph), "webgpu"), expected);
    t.true(made <= tolerance, `in the device's form the error is ${made}`);
    const onCpu = error(await run(inDeviceForm(graph), "cpu"), expected);
    t.true(onCpu <= tolerance, `in the device's form the error on the CPU is ${onCpu}`);
  });

for (const c of elsewhere)
  deviceTest(`${c[0]}: ${title(c)}`, async (t) => {
    const expected = await run(graphOf(c), "cpu");
    const graph = inDeviceForm(graphOf(c));
    const placed: Placement[] = [];
    const engine = await deviceEngine(t, { onPlaced: (p) => placed.push(p) });
    await engine.load(graph.name, buildModel(graph));
    const { y0 } = await engine.run(graph.name, feedsOf(graph), ["y0"]);
    t.deepEqual(placed, [{ program: graph.name, elsewhere: {}, heavyElsewhere: false }]);
    t.true(error([Array.from(y0.data, Number)], expected) <= tolerance);
  });

for (const c of refused)
  test(`${c[0]}: ${title(c)} is refused`, (t) => {
    const { message } = t.throws(() => inDeviceForm(graphOf(c)), { instanceOf: GraphError }) as Error;
    t.true(message.includes(c[0]) && message.includes(c[1]), message);
  });

for (const c of long)
  test(`${c[0]}: ${title(c)} is made in parts`, async (t) => {
    const [, op, inputs, attributes] = c;
    const [whole] = applyAll(op as OpType, inputs, attributes);
    const [made] = deviceForm([whole]);
    const nodes = topological([made]).filter((node) => node.op === op);
    t.true(nodes.length > 1);
    for (const node of nodes) t.false(defects[tooMany].meets(node as Met));
    const difference = max(abs(sub(whole, made)));
    const [[found]] = await run({ name: op, inputs: inputsOf([difference]), outputs: { difference } }, "cpu");
    t.true(found <= tolerance, `the error is ${found}`);
  });

test("every row has a case", (t) => {
  const covered = new Set([...cases, ...elsewhere, ...refused].map(([row]) => row));
  t.deepEqual(
    Object.keys(defects).filter((row) => !covered.has(row)),
    [],
  );
});
