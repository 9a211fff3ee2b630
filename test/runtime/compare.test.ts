/** What a device's first run is compared with, and what rounding may excuse: the device's results are computed here, in float64. */
import test from "ava";
import { allowedByRounding } from "../../src/engine/agreement.js";
import { comparedWithCpu } from "../../src/engine/compare.js";
import type { NamedArrays } from "../../src/engine/messages.js";
import { ProviderError } from "../../src/errors.js";
import { applyAll, buildModel, gemm, input, ints } from "../../src/graph/index.js";
import { random } from "../../src/random.js";
import { sessionsIn } from "./sessions.js";

const openSessions = await sessionsIn();
const compare = (model: Uint8Array, given: NamedArrays, found: NamedArrays) =>
  comparedWithCpu({ program: "tried", model, vectors: {} }, given, found, {
    provider: "webgpu",
    precision: "fp32",
    openCpu: () => openSessions("cpu"),
  });

const [rows, width, nearest] = [60, 32, 10];

/** The ten nearest of each row: scores, and which they are. */
const neighbours = (): Uint8Array => {
  const x = input("x", [rows, width]);
  const [similarity, ids] = applyAll("TopK", [gemm(x, x, null, { transB: true }), ints([nearest])], {}, 2);
  return buildModel({ name: "neighbours", inputs: [x], outputs: { similarity, ids } });
};

/** Unit rows about one of two, apart by `spread`, and their nearest as float64 has them. */
function nearRows(spread: number) {
  const draw = random(3, 1);
  const centres = [0, 1].map(() => Array.from({ length: width }, () => draw() - 0.5));
  const drawn = Array.from({ length: rows }, (_, i) => centres[i % 2].map((v) => v + spread * (draw() - 0.5)));
  const data = Float32Array.from(drawn.flatMap((row) => row.map((v) => v / Math.hypot(...row))));
  const row = (i: number) => [...data.subarray(i * width, (i + 1) * width)];
  const similarity = new Float32Array(rows * nearest);
  const ids = new BigInt64Array(rows * nearest);
  for (let i = 0; i < rows; i++) {
    const scores = Array.from({ length: rows }, (_, j) => row(j).reduce((sum, v, k) => sum + v * row(i)[k], 0));
    const order = scores.map((_, j) => j).sort((a, b) => scores[b] - scores[a] || a - b);
    for (let k = 0; k < nearest; k++) {
      similarity[i * nearest + k] = scores[order[k]];
      ids[i * nearest + k] = BigInt(order[k]);
    }
  }
  const shape = [rows, nearest];
  const found = { similarity: { shape, data: similarity }, ids: { shape, data: ids } };
  return { given: { x: { shape: [rows, width], data } }, found };
}

test("which of near neighbours are nearest is rounding's, and the check says so", async (t) => {
  const { given, found } = nearRows(1e-3);
  const { worst } = await compare(neighbours(), given, found);
  t.is(worst?.output, "ids");
  t.true((worst?.error as number) > 0.2, String(worst?.error));
  t.true(worst?.byRounding);
});

test("of rows that lie apart the ids agree, and others are refused", async (t) => {
  const { given, found } = nearRows(1);
  const { worst } = await compare(neighbours(), given, found);
  t.true((worst?.error as number) < 1e-6);
  t.false(worst?.byRounding);
  const wrong = { ...found, ids: { ...found.ids, data: found.ids.data.map((id) => (id + 1n) % BigInt(rows)) } };
  const { message } = (await t.throwsAsync(() => compare(neighbours(), given, wrong), {
    instanceOf: ProviderError,
  })) as Error;
  t.regex(message, /program tried on webgpu does not compute what the CPU does: of ids .* 0\.01 is allowed/);
});

test("wrong numbers are refused where rounding excuses ids", async (t) => {
  const { given, found } = nearRows(1e-3);
  const data = found.similarity.data.map((s) => 0.95 * s);
  const wrong = { ...found, similarity: { ...found.similarity, data } };
  await t.throwsAsync(() => compare(neighbours(), given, wrong), {
    instanceOf: ProviderError,
    message: /of similarity/,
  });
});

test("rounding that overflows excuses nothing, and of numbers no more than ten times what is allowed", (t) => {
  const difference = { at: [0], found: 1, expected: 2, error: 1, allowed: 0.02, ofIntegers: false };
  const moved = [0, 0.001, 0.01, 0.5, Number.POSITIVE_INFINITY];
  t.deepEqual(
    moved.map((far) => allowedByRounding(difference, far)),
    [0.02, 0.02, 0.04, 0.2, 0.02],
  );
  t.is(allowedByRounding({ ...difference, ofIntegers: true }, 0.5), 1);
});

test("what the CPU adds one after another is added so that it is right to float32", async (t) => {
  const shape = [64, 4, 28, 28];
  const draw = random(5, 1);
  const data = Float32Array.from({ length: 64 * 4 * 784 }, (_, i) => (i % 28 > 10 ? 0.39 : 0.37) + 1e-3 * draw());
  const sums = new Float64Array(4);
  for (const [i, v] of data.entries()) sums[Math.floor(i / 784) % 4] += v * v;
  const x = input("x", shape);
  const [y] = applyAll("ReduceSumSquare", [x, ints([0, 2, 3])], { keepdims: 0 });
  const model = buildModel({ name: "squares", inputs: [x], outputs: { y } });
  const given = { x: { shape, data } };
  const { worst } = await compare(model, given, { y: { shape: [4], data: Float32Array.from(sums) } });
  t.true((worst?.error as number) < 2e-6, String(worst?.error));
  const plain = openSessions("cpu");
  await plain.load("squares", model, {});
  const asItIs = (await plain.run("squares", given, ["y"])).y.data as Float32Array;
  await plain.close();
  const off = Math.max(...asItIs.map((v, i) => Math.abs(v - sums[i]) / sums[i]));
  t.true(off > 2e-5, `the CPU's own way is right to ${off}: the other is not needed any more`);
});
