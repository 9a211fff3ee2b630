/** Models in the forms in which providers are fast: other nodes, the same numbers. */
import test from "ava";
import {
  add,
  apply,
  applyAll,
  buildModel,
  conv,
  cudaModel,
  exactModel,
  input,
  ints,
  mean,
  mul,
  roundedModel,
  sum,
  transpose,
  type Value,
  webGpuModel,
} from "../../../src/graph/index.js";
import { decodeModel, encodeModel } from "../../../src/onnx/index.js";
import { session, tensorOf, uniform } from "../gradientError.js";

interface Case {
  readonly form: (model: Uint8Array) => Uint8Array;
  readonly shapes: readonly (readonly number[])[];
  readonly make: (x: readonly Value[]) => Value;
  /** How often ops are there in the form. */
  readonly ops: Readonly<Record<string, number>>;
}

const split = (x: Value, parts: readonly number[]): readonly Value[] =>
  applyAll("Split", [x, ints(parts)], { axis: 0 }, parts.length);

const cases: Readonly<Record<string, Case>> = {
  "filters as large as maps, on WebGPU": {
    form: webGpuModel,
    shapes: [
      [3, 6, 9, 9],
      [4, 6, 8, 8],
    ],
    make: ([x, w]) => conv(x, w, { pads: [1, 1, 0, 0] }),
    ops: { Conv: 0, Gather: 1, MatMul: 1 },
  },
  "filters as large as maps, with steps between, swapped before": {
    form: webGpuModel,
    shapes: [
      [6, 3, 9, 9],
      [6, 4, 5, 5],
    ],
    make: ([x, w]) => {
      const swap = [1, 0, 2, 3];
      return conv(transpose(x, swap), transpose(w, swap), { dilations: [2, 2], pads: [1, 1, 1, 1] });
    },
    ops: { Conv: 0, Gather: 1 },
  },
  "a mean of much, on WebGPU": {
    form: webGpuModel,
    shapes: [[64, 4, 128, 128]],
    make: ([x]) => mean(x, [0, 2, 3]),
    ops: { ReduceMean: 1, MatMul: 1, Gemm: 1, Transpose: 1 },
  },
  "a mean of more than a product adds, on WebGPU": {
    form: webGpuModel,
    shapes: [[8, 2, 128, 128]],
    make: ([x]) => mean(x, [0, 2, 3]),
    ops: { ReduceMean: 0, MatMul: 1, Gemm: 1, Transpose: 1 },
  },
  "a convolution of one tap, and its gradient's by turned filters, on WebGPU": {
    form: webGpuModel,
    shapes: [
      [3, 5, 4, 6],
      [7, 5, 1, 1],
    ],
    make: ([x, w]) => conv(conv(x, w), transpose(w, [1, 0, 2, 3])),
    ops: { Conv: 0, Gemm: 2, Transpose: 4 },
  },
  "a sum of all, on WebGPU": { form: webGpuModel, shapes: [[66000]], make: ([x]) => sum(x), ops: { ReduceSum: 2 } },
  "a mean of little, on WebGPU": {
    form: webGpuModel,
    shapes: [[8, 2, 4, 4]],
    make: ([x]) => mean(x, [0, 2, 3]),
    ops: { ReduceMean: 0, Gemm: 1 },
  },
  "a mean by channel, on WebGPU": {
    form: webGpuModel,
    shapes: [[8, 16, 28, 28]],
    make: ([x]) => mean(x, [0, 2, 3], true),
    ops: { ReduceMean: 1, Gemm: 1, Transpose: 2 },
  },
  "a sum of squares by channel, on WebGPU": {
    form: webGpuModel,
    shapes: [[4, 64, 6, 8]],
    make: ([x]) => applyAll("ReduceSumSquare", [x, ints([0, 2, 3])], { keepdims: 0 })[0],
    ops: { ReduceSumSquare: 1, ReduceSum: 0, Gemm: 1 },
  },
  "a sum of many rows, on WebGPU": {
    form: webGpuModel,
    shapes: [[64, 3, 700]],
    make: ([x]) => sum(x, [0], true),
    ops: { ReduceSum: 2, Gemm: 0, Transpose: 0 },
  },
  "a mean of 37 rows, which nothing divides, on WebGPU": {
    form: webGpuModel,
    shapes: [[37, 1100]],
    make: ([x]) => mean(x, [0]),
    ops: { ReduceMean: 1 },
  },
  "a split into nine, on WebGPU": {
    form: webGpuModel,
    shapes: [[18, 3]],
    make: ([x]) => split(x, [1, 2, 3, 4, 1, 2, 3, 1, 1]).reduce((s, p, i) => add(s, mul(sum(p, [0]), i)), sum(x, [0])),
    ops: { Split: 2 },
  },
  "a mean by channel, on CUDA": {
    form: cudaModel,
    shapes: [[4, 3, 5, 5]],
    make: ([x]) => mean(x, [0, 2, 3], true),
    ops: { ReduceMean: 2 },
  },
  "a mean by channel, to compare with": {
    form: exactModel,
    shapes: [[4, 3, 5, 5]],
    make: ([x]) => mean(x, [0, 2, 3], true),
    ops: { ReduceMean: 2 },
  },
  "a sum of squares by channel, its axes from the end, on CUDA": {
    form: cudaModel,
    shapes: [[4, 3, 5, 5]],
    make: ([x]) => apply("ReduceSumSquare", [x, ints([-1, 0, -2])], { keepdims: 0 }),
    ops: { ReduceSumSquare: 1, ReduceSum: 1 },
  },
  "a mean by row, on CUDA": {
    form: cudaModel,
    shapes: [[4, 3, 5, 1]],
    make: ([x]) => mean(x, [2, 3]),
    ops: { ReduceMean: 1 },
  },
  "a mean of the first axis, the second of one place, on CUDA": {
    form: cudaModel,
    shapes: [[4, 1, 5]],
    make: ([x]) => mean(x, [0, 1]),
    ops: { ReduceMean: 1 },
  },
};

for (const [name, { form, shapes, make, ops }] of Object.entries(cases))
  test(`${name}: the same numbers`, async (t) => {
    const inputs = shapes.map((shape, i) => input(`x${i}`, shape));
    const given = Object.fromEntries(shapes.map((shape, i) => [`x${i}`, tensorOf(uniform([...shape], i + 1, 3))]));
    const plain = buildModel({ name, inputs, outputs: { y: make(inputs) } });
    const made = form(plain);
    const { nodes } = decodeModel(made);
    for (const [op, times] of Object.entries(ops)) t.is(nodes.filter((n) => n.op === op).length, times, op);
    const [expected, found] = await Promise.all(
      [plain, made].map(async (model) => (await (await session(model))(given)).y),
    );
    t.deepEqual(found.dims, expected.dims);
    const scale = Math.max(...Array.from(expected.data as Float32Array, Math.abs));
    for (const [i, value] of (expected.data as Float32Array).entries())
      t.true(Math.abs((found.data as Float32Array)[i] - value) <= 1e-5 * scale, `${i}`);
  });

test("a model with an op that the builder does not know goes to CUDA as it is", (t) => {
  const of = (name: string) => ({ name, dtype: "float32", shape: [4, 3, 5, 5] }) as const;
  const node = (op: string, from: string, to: string) => ({
    name: op,
    op,
    domain: "",
    inputs: [from],
    outputs: [to],
    attributes: {},
  });
  const model = encodeModel({
    name: "m",
    inputs: [of("x")],
    outputs: [of("y")],
    constants: [],
    nodes: [node("Hardmax", "x", "h"), node("Relu", "h", "y")],
  });
  t.is(cudaModel(model), model);
  t.is(exactModel(model), model);
  t.is(roundedModel(model, 20), null);
});

for (const [shape, scale, repeated] of [
  [["images", 6], [1], 2],
  [["images", 6], [6], 0],
  [["images", "width"], [1], 0],
] as const)
  test(`on WebGPU a normalisation of [${shape}] with a scale and bias of [${scale}] has ${repeated} of them repeated`, (t) => {
    const [x, s, b] = [input("x", shape), input("s", scale), input("b", scale)];
    const model = buildModel({ name: "m", inputs: [x, s, b], outputs: { y: apply("LayerNormalization", [x, s, b]) } });
    const ops = decodeModel(webGpuModel(model)).nodes.map(({ op }) => op);
    t.is(ops.filter((op) => op === "LayerNormalization").length, 1);
    t.is(ops.filter((op) => op === "Expand").length, repeated);
  });
