import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import test from "ava";
import { ShapeError } from "../../src/errors.js";
import * as g from "../../src/graph/index.js";

const x = g.input("pixels", ["batch", 4, 8, 8]);
const w = g.input("conv1.weight", [16, 3, 3, 3]);

/** Each call, and what its error must say: the op, the reason, the values. */
for (const [says, call] of [
  [
    "Conv: the input has 4 channels, the filters expect 3 (pixels: float32[batch,4,8,8], conv1.weight: float32[16,3,3,3])",
    () => g.conv(x, w),
  ],
  ["Add: dimensions 3 and 2 do not broadcast", () => g.add(g.input("a", [3]), g.input("b", [2]))],
  ["Add: dimensions n and m do not broadcast", () => g.add(g.input("a", ["n"]), g.input("b", ["m"]))],
  [
    "Mul: the inputs differ in dtype (a: float32[3], b: int64[3])",
    () => g.mul(g.input("a", [3]), g.input("b", [3], "int64")),
  ],
  ["MatMul: the inner dimensions 3 and 4 differ", () => g.matMul(g.input("a", [2, 3]), g.input("b", [4, 5]))],
  ["Reshape: 6 elements do not make [4,2]", () => g.reshape(g.input("a", [6]), [4, 2])],
  ["Concat: shapes differ off axis 0", () => g.concat([g.input("a", [1, 2]), g.input("b", [1, 3])], 0)],
  ["ReduceSum: axis 2 is outside a rank of 2", () => g.sum(g.input("a", [1, 2]), [2])],
  ["MaxPool: a window of 5 does not fit 4 with padding 0", () => g.maxPool(g.input("a", [1, 1, 4, 4]), [5, 5])],
  ["Transpose: [0,0] is not a permutation of the axes", () => g.transpose(g.input("a", [1, 2]), [0, 0])],
  ["Split: parts [1,2] do not make 4", () => g.split(g.input("a", [4]), [1, 2], 0)],
  [
    "BatchNormTrain: needs one element per channel (4)",
    () => g.batchNormTrain(x, g.input("s", [3]), g.input("b", [4])),
  ],
  ["groupNorm: 4 channels do not divide into 3 groups", () => g.groupNorm(x, 3, g.input("s", [4]), g.input("b", [4]))],
  [
    "crossEntropy: needs logits [N,classes] and one target for each of the N",
    () => g.crossEntropy(g.input("l", [2, 3]), g.input("t", [3], "int64")),
  ],
  [
    "Gemm: dimensions 4 and 3 do not broadcast",
    () => g.gemm(g.input("a", [2, 3]), g.input("b", [3, 4]), g.input("c", [3])),
  ],
  ["Gather: the indices must be integers", () => g.gather(g.input("a", [2, 3]), g.input("i", [3]))],
  [
    "GatherElements: the indices do not suit the data off axis 1",
    () => g.gatherElements(g.input("a", [2, 3]), g.input("i", [3, 1], "int64"), 1),
  ],
  [
    "ScatterND: the updates need a rank of 2",
    () => g.scatterND(g.input("a", [2, 3]), g.input("i", [1, 1], "int64"), g.input("u", [3])),
  ],
] as const)
  test(`a misfit fails at the call with "${says}"`, (t) => {
    const error = t.throws(call, { instanceOf: ShapeError });
    t.true(error.message.startsWith(says), error.message);
    t.true(g.describe(x).length > 0);
  });

test("the error names the file and line of the call, not the builder's own", (t) => {
  const here = new Error().stack?.split("\n")[1].match(/errors\.test\.[tj]s:(\d+)/);
  const error = t.throws(() => g.conv(x, w), { instanceOf: ShapeError });
  t.regex(error.message, new RegExp(`errors\\.test\\.[tj]s:${Number(here?.[1]) + 1}:`));
  t.notRegex(error.message, /apply\.[tj]s/);
});

test("the place is the caller's for composed functions and for gradients too", (t) => {
  const composed = t.throws(() => g.crossEntropy(g.input("logits", [2, 3]), g.input("targets", [3, 2], "int64")), {
    instanceOf: ShapeError,
  });
  t.regex(composed.message, /\n {4}at .*errors\.test\.[tj]s:\d+/);
});

test("a chain of calls in one expression still gives the line of the failing call", (t) => {
  const build = () => g.relu(g.add(g.exp(g.input("a", [3])), g.input("b", [4])));
  t.regex(
    t.throws(build, { instanceOf: ShapeError }).message,
    /float32\[3\], b: float32\[4\]\)\n {4}at build .*errors\.test/,
  );
});

test("the place is the user's wherever the library is installed, even from a folder named src/graph", async (t) => {
  const project = fileURLToPath(new URL("../../installed/", import.meta.url));
  const library = `${project}node_modules/hcsc/build/src/`;
  const built = fileURLToPath(new URL("../../src/", import.meta.url));
  for (const part of ["graph", "onnx", "errors.js", "errorCodes.js", "sentence.js", "text.js", "array.js"])
    await cp(built + part, library + part, { recursive: true });
  await mkdir(`${project}src/graph`, { recursive: true });
  await writeFile(
    `${project}src/graph/mine.mjs`,
    `import * as g from "../../node_modules/hcsc/build/src/graph/index.js";
export const make = () => g.add(g.input("a", [3]), g.input("b", [2]));`,
  );
  const { make } = (await import(`${project}src/graph/mine.mjs`)) as { make: () => void };
  t.regex(t.throws(make).message, /\n {4}at .*installed\/src\/graph\/mine\.mjs:2:/);
  await rm(project, { recursive: true });
});
