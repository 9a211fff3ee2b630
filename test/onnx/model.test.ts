import test from "ava";
import fc from "fast-check";
import onnxProto from "onnx-proto";
import { GraphError } from "../../src/errors.js";
import { decodeModel, encodeModel, type ModelContent, type TensorContent } from "../../src/onnx/index.js";

const { onnx } = onnxProto;
const name = fc.string({ minLength: 1, maxLength: 8 });
const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const count = (dims: readonly number[]) => dims.reduce((p, d) => p * d, 1);

const tensor: fc.Arbitrary<TensorContent> = fc.tuple(name, shape).chain(([n, dims]) => {
  const size = { minLength: count(dims), maxLength: count(dims) };
  return fc.oneof(
    fc.float32Array(size).map((data) => ({ name: n, dtype: "float32" as const, shape: dims, data })),
    fc.float64Array(size).map((data) => ({ name: n, dtype: "float64" as const, shape: dims, data })),
    fc.bigInt64Array(size).map((data) => ({ name: n, dtype: "int64" as const, shape: dims, data })),
    fc.int32Array(size).map((data) => ({ name: n, dtype: "int32" as const, shape: dims, data })),
    fc.uint16Array(size).map((data) => ({ name: n, dtype: "float16" as const, shape: dims, data })),
    fc.uint8Array({ ...size, max: 1 }).map((data) => ({ name: n, dtype: "bool" as const, shape: dims, data })),
  );
});

const attributes = fc.record({
  axis: fc.integer({ min: -(2 ** 31), max: 2 ** 31 }),
  epsilon: fc.record({ float: fc.float({ noNaN: true }) }),
  bias: fc.record({ float: fc.integer({ min: -9, max: 9 }) }),
  mode: fc.string(),
  strides: fc.array(fc.nat()),
  activation_params: fc.record({ floats: fc.array(fc.float({ noNaN: true })) }),
  keys: fc.record({ strings: fc.array(fc.string()) }),
  value: tensor,
});

const value = fc.record({
  name,
  dtype: fc.constantFrom("float32" as const, "int64" as const, "bool" as const),
  shape: fc.array(fc.oneof(fc.nat(9), fc.stringMatching(/^[a-z]{1,4}$/)), { maxLength: 4 }),
});

const model: fc.Arbitrary<ModelContent> = fc.record({
  name,
  inputs: fc.array(value, { maxLength: 3 }),
  outputs: fc.array(value, { maxLength: 2 }),
  constants: fc.array(tensor, { maxLength: 2 }),
  nodes: fc.array(
    fc.record({
      name,
      op: name,
      domain: fc.constantFrom("", "com.microsoft"),
      inputs: fc.array(fc.string()),
      outputs: fc.array(name),
      attributes,
    }),
    { maxLength: 3 },
  ),
  opset: fc.integer({ min: 1, max: 30 }),
});

test("decoding what was encoded gives the same model", (t) => {
  fc.assert(
    fc.property(model, (made) => {
      const stored = new Set(made.constants.map((c) => c.name));
      const inputs = made.inputs.filter((v) => !stored.has(v.name)); // older files list stored tensors as inputs too
      t.deepEqual(decodeModel(encodeModel(made)), { ...made, inputs });
    }),
    { numRuns: 60 },
  );
});

/** A model with one stored tensor, as protobuf. */
const stored = (initializer: onnxProto.onnx.ITensorProto) =>
  onnx.ModelProto.encode(
    onnx.ModelProto.create({ irVersion: 8, graph: { name: "m", node: [], initializer: [initializer] } }),
  ).finish();

for (const [what, fields, data] of [
  ["floats", { dataType: 1, floatData: [0.5, -2] }, Float32Array.of(0.5, -2)],
  ["doubles", { dataType: 11, doubleData: [0.1, -2] }, Float64Array.of(0.1, -2)],
  ["64-bit integers", { dataType: 7, int64Data: [3, -4] }, BigInt64Array.of(3n, -4n)],
  ["32-bit integers", { dataType: 6, int32Data: [3, -4] }, Int32Array.of(3, -4)],
  ["bools", { dataType: 9, int32Data: [1, 0] }, Uint8Array.of(1, 0)],
  ["half floats", { dataType: 10, int32Data: [15360, 48128] }, Uint16Array.of(15360, 48128)],
] as const)
  test(`${what} stored in fields rather than raw bytes are read`, (t) => {
    const { constants } = decodeModel(
      stored({ name: "w", dims: [2], ...fields } as unknown as onnxProto.onnx.ITensorProto),
    );
    t.deepEqual(constants[0].data, data);
  });

for (const [what, bytes, says] of [
  [
    "data in another file",
    stored({ name: "w", dims: [2], dataType: 1, dataLocation: 1 }),
    /w: its data is in another file/,
  ],
  [
    "too few elements",
    stored({ name: "w", dims: [3], dataType: 1, floatData: [1] }),
    /w: 1 elements do not fill the shape \[3\]/,
  ],
  [
    "an element type that is unknown",
    stored({ name: "w", dims: [1], dataType: 16 }),
    /w: element type 16 is not supported/,
  ],
  ["no graph", onnx.ModelProto.encode(onnx.ModelProto.create({ irVersion: 8 })).finish(), /holds no graph/],
  [
    "an input of unknown rank",
    onnx.ModelProto.encode(
      onnx.ModelProto.create({ graph: { node: [], input: [{ name: "x", type: { tensorType: { elemType: 1 } } }] } }),
    ).finish(),
    /x is no tensor of known rank/,
  ],
] as const)
  test(`a model with ${what} is refused`, (t) => {
    t.regex(t.throws(() => decodeModel(bytes), { instanceOf: GraphError }).message, says);
  });

test("a dimension without size or name gets one of its own", (t) => {
  const shape = { dim: [{}, { dimValue: 3 }, { dimParam: "n" }] };
  const input = [{ name: "x", type: { tensorType: { elemType: 1, shape } } }];
  const bytes = onnx.ModelProto.encode(onnx.ModelProto.create({ graph: { node: [], input } })).finish();
  t.deepEqual(decodeModel(bytes).inputs[0].shape, ["x.0", 3, "n"]);
});
