import test from "ava";
import onnxProto from "onnx-proto";
import { Tensor } from "onnxruntime-node";
import { GraphError, HcscError, ShapeError } from "../../src/errors.js";
import * as g from "../../src/graph/index.js";
import { fill, type Op } from "../../src/graph/ops/declare.js";
import { type AttributesOf, isComposite, ops } from "../../src/graph/ops/index.js";
import { node } from "../../src/graph/value.js";
import { decodeModel, encodeModel } from "../../src/onnx/index.js";
import { drawnOps, sampled } from "../fuzz/arbitraries.js";
import { type Case, graphOf } from "../fuzz/case.js";
import { session } from "./gradientError.js";

const x = g.input("x", [2, 3]);
const y = g.input("y", [3, 4]);
const truth = g.input("truth", [2, 3], "bool");

/** What does not compile, and what its error says to a caller from JavaScript. */
for (const [says, call] of [
  [
    "Gemm: it has no attribute transa; it has alpha, beta, transA, transB (",
    // @ts-expect-error
    () => g.apply("Gemm", [x, y], { transa: 1 }),
  ],
  [
    "Gemm: the attribute transA must be an integer, not true (",
    // @ts-expect-error
    () => g.apply("Gemm", [x, y], { transA: true }),
  ],
  [
    "Transpose: the attribute perm must be a list of integers, not 1 (",
    // @ts-expect-error
    () => g.apply("Transpose", [x], { perm: 1 }),
  ],
  // @ts-expect-error
  ["Add: it has no attribute axis (", () => g.apply("Add", [x, x], { axis: 1 })],
  // @ts-expect-error
  ["MaxPool: it needs the attribute kernel_shape (", () => g.apply("MaxPool", [x])],
  // @ts-expect-error
  ["AveragePool: it needs the attribute kernel_shape (", () => g.applyAll("AveragePool", [x])],
  [
    "ScatterND: the attribute reduction must be none or add or mul or max or min, not sum (",
    // @ts-expect-error
    () => g.apply("ScatterND", [x, g.ints([0]), x], { reduction: "sum" }),
  ],
  // @ts-expect-error
  ["Gem: the builder does not know this op (", () => g.apply("Gem", [x, y])],
  // @ts-expect-error
  ["Add: B must be a value of a graph, not 2 (", () => g.apply("Add", [x, 2])],
] as const)
  test(`what does not compile is from JavaScript the error "${says}…"`, (t) => {
    const { message } = t.throws(call, { instanceOf: ShapeError });
    t.true(message.startsWith(says), message);
    t.regex(message, /\n {4}at .*ops\.test/);
  });

for (const [says, call] of [
  ["Gemm: it takes (A, B, C?): B is missing (x: float32[2,3])", () => g.apply("Gemm", [x])],
  ["Gemm: it takes (A, B, C?): A is missing (none, y: float32[3,4])", () => g.apply("Gemm", [null, y])],
  ["Relu: it takes (X): 2 inputs are too many (", () => g.apply("Relu", [x, x])],
  ["Concat: it takes (inputs…): inputs is missing ()", () => g.apply("Concat", [], { axis: 0 })],
  ["And: the A must be bool (x: float32[2,3], x: float32[2,3])", () => g.and(x, x)],
  ["Sqrt: the X must be floats (truth: bool[2,3])", () => g.sqrt(truth)],
  ["Where: the condition must be bool (", () => g.where(x, x, x)],
  [
    "BatchNormalization: the inputs differ in dtype (",
    () => {
      const [single, double] = (["float32", "float64"] as const).map((dtype) => g.input("s", [3], dtype));
      return g.apply("BatchNormalization", [x, single, double, single, single]);
    },
  ],
] as const)
  test(`a misfit is the library's own error: "${says}"`, (t) => {
    const { message } = t.throws(call, { instanceOf: ShapeError });
    t.true(message.startsWith(says), message);
    t.regex(message, /\n {4}at .*ops\.test/);
  });

/** A case with no attributes but those without a default, or with the defaults of all others written out. */
function forms(c: Case): readonly Case[] {
  const declared: Op = ops[c.op];
  const bare = Object.fromEntries(
    Object.entries(c.attributes ?? {}).filter(([name]) => declared.attributes[name].otherwise === undefined),
  );
  const { stop: _, ...whole } = fill(declared, bare) as Record<string, g.Attributes[string]>;
  return [bare, whole].map((attributes) => ({ ...c, attributes, differentiated: false }));
}

async function run(c: Case): Promise<Readonly<Record<string, readonly number[]>>> {
  const { inputs, outputs, feeds } = graphOf(c);
  const model = g.buildModel({ name: c.op, inputs, outputs });
  const fed = inputs.map((v, i) => [
    v.name,
    new Tensor(v.dtype as "float32", feeds[i].data as Float32Array, feeds[i].shape),
  ]);
  const found = await (await session(model))(Object.fromEntries(fed));
  return Object.fromEntries(
    Object.entries(found).map(([name, v]) => [name, Array.from(v.data as Float32Array, Number)]),
  );
}

/** ONNX Runtime holds attributes against ONNX's own declarations as it loads a model. */
for (const op of drawnOps.filter((o) => !isComposite(o)))
  test.serial(
    `${op}: ONNX Runtime knows the declared attributes by their kinds, and has the same defaults`,
    async (t) => {
      for (const c of sampled(op, 3, 40)) {
        const [bare, whole] = forms(c);
        try {
          graphOf(bare);
        } catch (error) {
          if (error instanceof HcscError) continue; // a case that the defaults do not suit
          throw error;
        }
        let expected: Awaited<ReturnType<typeof run>>;
        try {
          expected = await run(bare);
        } catch {
          continue;
        }
        t.deepEqual(await run(whole), expected);
        return;
      }
      t.fail("no case runs with the defaults");
    },
  );

test("an op that the builder does not know keeps the kinds of its attributes", (t) => {
  const { onnx } = onnxProto;
  const attribute = [
    { name: "bias", type: onnx.AttributeProto.AttributeType.FLOAT, f: 0.5 },
    { name: "lambd", type: onnx.AttributeProto.AttributeType.FLOAT, f: 1 },
    { name: "epsilon", type: onnx.AttributeProto.AttributeType.INT, i: 1 },
  ];
  const shrink = { name: "n", opType: "Shrink", input: ["x"], output: ["y"], attribute };
  const message = onnx.ModelProto.create({ irVersion: 8, graph: { name: "m", node: [shrink] } });
  const again = onnx.ModelProto.decode(encodeModel(decodeModel(onnx.ModelProto.encode(message).finish())));
  t.deepEqual(
    again.graph?.node?.[0].attribute?.map(({ name, type, f, i }) => ({
      name,
      type,
      value: type === 1 ? f : Number(i),
    })),
    attribute.map(({ name, type, f, i }) => ({ name, type, value: f ?? i })),
  );
});

test("a number that is no integer is not written as one", (t) => {
  const nodes = [{ name: "n", op: "Shrink", domain: "", inputs: ["x"], outputs: ["y"], attributes: { bias: 0.5 } }];
  t.throws(() => encodeModel({ name: "m", inputs: [], outputs: [], constants: [], nodes }), {
    instanceOf: GraphError,
    message: /^node n \(Shrink\): bias holds 0\.5, which is no integer/,
  });
});

test("an attribute that no op declares is not written", (t) => {
  const [made] = node("FusedConv", [x], { activation: "Relu" }, [x], "com.microsoft", "net").outputs;
  t.throws(() => g.buildModel({ name: "m", inputs: [x], outputs: { made } }), {
    instanceOf: GraphError,
    message: "net/com.microsoft.FusedConv declares no attribute activation",
  });
});

test("an attribute of a file that its op does not have is refused with the node", (t) => {
  const nodes = [
    { name: "n", op: "Relu", domain: "", inputs: ["x"], outputs: ["y"], attributes: { alpha: { float: 1 } } },
  ];
  const value = { name: "x", dtype: "float32", shape: [2] } as const;
  const bytes = encodeModel({ name: "m", inputs: [value], outputs: [{ ...value, name: "y" }], constants: [], nodes });
  t.throws(() => g.readModel(bytes), {
    instanceOf: GraphError,
    message: /^node n \(Relu\): Relu: it has no attribute alpha/,
  });
});

test("attributes of a node go to another only if that declares them", (t) => {
  const [made] = node("Softmax", [x], { axis: 0 }, [x]).outputs;
  const { attributes } = g.producer(made) as g.Node;
  t.is((g.producer(g.apply("LogSoftmax", [x], attributes)) as g.Node).attributes.axis, 0);
  t.throws(() => g.apply("Relu", [x], attributes), { message: /^Relu: it has no attribute axis/ });
  const typed: AttributesOf<"Softmax"> = { axis: 0 };
  t.deepEqual(typed, attributes);
});
