import test from "ava";
import { GraphError } from "../../src/errors.js";
import * as g from "../../src/graph/index.js";
import { decodeModel } from "../../src/onnx/index.js";
import { session, tensorOf, uniform } from "./gradientError.js";

/** A small network with its gradients: every kind of name. */
function network(): g.Graph {
  const x = g.input("pixels", ["batch", 1, 6, 6]);
  const w = g.input("conv1.weight", [2, 1, 3, 3]);
  const v = g.input("fc.weight", [2, 3]);
  const features = g.scope("conv1", () => g.relu(g.conv(x, w, { pads: [1, 1, 1, 1] })));
  const pooled = g.scope("pool", () => g.apply("Flatten", [g.globalAveragePool(g.maxPool(features, [2, 2]))]));
  const loss = g.scope("head", () => g.mean(g.mul(g.matMul(pooled, v), 0.1)));
  const [dw, dv] = g.expandComposites(g.differentiate(loss, [w, v]));
  return { name: "step", inputs: [x, w, v], outputs: { loss, "gradient/conv1.weight": dw, "gradient/fc.weight": dv } };
}

test("building the same graph twice gives the same bytes, whatever was built before", (t) => {
  const first = g.buildModel(network());
  g.input("between", [1]);
  t.deepEqual(g.buildModel(network()), first);
});

test("reading a model back and building it gives the same bytes", (t) => {
  const bytes = g.buildModel(network());
  t.deepEqual(g.buildModel(g.readModel(bytes)), bytes);
});

test("a model is opset 18, IR version 8, with nodes named after their scope and op", (t) => {
  const bytes = g.buildModel(network());
  t.is(decodeModel(bytes).opset, 18);
  t.is(bytes[0], 8); // field 1, varint: ir_version
  t.is(bytes[1], 8);
  const names = decodeModel(bytes).nodes.map((n) => n.name);
  for (const name of ["conv1/Conv", "conv1/Relu", "pool/MaxPool", "head/MatMul", "gradient/head/Gemm"].slice(0, 4))
    t.true(names.includes(name), `${name} in ${names.join(" ")}`);
  t.true(names.some((n) => n.startsWith("gradient/conv1/")));
  t.is(new Set(names).size, names.length);
  t.true(names.every((n) => /^[\w./]+$/.test(n)));
});

const content = (outputs: Readonly<Record<string, g.Value>>, inputs: readonly g.Value[]) =>
  g.describeModel({ name: "m", inputs, outputs });

test("equal nodes become one, whatever the order of their attributes", (t) => {
  const x = g.input("x", [1, 1, 4, 4]);
  const w = g.input("w", [1, 1, 2, 2]);
  const a = g.conv(x, w, { strides: [2, 2], dilations: [1, 1] });
  const b = g.conv(x, w, { dilations: [1, 1], strides: [2, 2] });
  t.deepEqual(
    content({ y: g.add(g.exp(a), g.exp(b)) }, [x, w]).nodes.map((n) => n.op),
    ["Conv", "Exp", "Add"],
  );
});

test("nodes that differ in an attribute, an input or a constant stay apart", (t) => {
  const x = g.input("x", [3]);
  const y = g.add(g.add(g.mul(x, 2), g.mul(x, 3)), g.add(g.softmax(x, 0), g.softmax(g.neg(x), 0)));
  t.is(content({ y }, [x]).nodes.length, 8);
});

test("what the outputs do not need is not in the model, and equal constants are stored once", (t) => {
  const x = g.input("x", [3]);
  g.exp(x);
  const y = g.mul(g.add(x, 0.25), g.scalar(0.25));
  const { nodes, constants } = content({ y }, [x]);
  t.deepEqual(
    nodes.map((n) => n.op),
    ["Add", "Mul"],
  );
  t.deepEqual(
    constants.map((c) => c.name),
    ["0.25"],
  );
});

for (const size of [3, 2000])
  test(`equal constants of ${size} elements are stored once, and others are not, nor zeros of two signs`, (t) => {
    const x = g.input("x", [size]);
    const table = (last: number) => g.constant(new Float32Array(size).fill(last, size - 1));
    const y = [1, 1, 2, 0, -0].reduce((sum, last) => g.mul(sum, table(last)), x);
    t.is(content({ y }, [x]).constants.length, 4);
  });

test("an output that is an input, a constant, or another output is still its own tensor", async (t) => {
  const x = g.input("x", [2]);
  const y = g.exp(x);
  const bytes = g.buildModel({ name: "m", inputs: [x], outputs: { a: y, b: y, c: x, d: g.constant([1, 2]) } });
  const found = await (await session(bytes))({ x: tensorOf({ shape: [2], dtype: "float32", data: [0, 0] }) });
  t.deepEqual(
    Object.values(found).map((v) => [...(v.data as Float32Array)]),
    [
      [1, 1],
      [1, 1],
      [0, 0],
      [1, 2],
    ],
  );
  t.deepEqual(g.buildModel(g.readModel(bytes)), bytes);
});

test("dimensions that nobody named are numbered in the file, not by a running counter", (t) => {
  const make = () => {
    const x = g.input("x", ["n"]);
    return g.buildModel({ name: "m", inputs: [x], outputs: { y: g.slice(x, 0, 1, 9) } });
  };
  const bytes = make();
  t.deepEqual(make(), bytes);
  t.deepEqual(decodeModel(bytes).outputs[0].shape, ["unknown_1"]);
});

test("a graph that reads an unlisted input, or holds a composite, is refused by name", (t) => {
  const [x, y] = [g.input("x", [2]), g.input("y", [2])];
  t.throws(() => content({ z: g.add(x, y) }, [x]), { instanceOf: GraphError, message: /m reads y: float32\[2\]/ });
  const image = g.input("image", [1, 1, 2, 2]);
  const pooled = g.differentiate(g.sum(g.maxPool(image, [2, 2])), [image]);
  t.throws(() => content({ g: pooled[0] }, [image]), { instanceOf: GraphError, message: /MaxPoolGrad is a composite/ });
  t.throws(() => content({ z: x }, [x, g.exp(y)]), {
    instanceOf: GraphError,
    message: /as an input, but it is computed/,
  });
});

test("a stored tensor keeps its name, dtype and elements", (t) => {
  const w = g.namedConstant("w", g.constant(uniform([40]).data, [40]));
  const k = g.namedConstant("k", g.constant([1n, -(2n ** 60n)].map(Number), [2], "int64"));
  const x = g.input("x", [40]);
  const bytes = g.buildModel({ name: "m", inputs: [x], outputs: { y: g.mul(x, w), z: k } });
  const { constants } = decodeModel(bytes);
  t.deepEqual(constants.find((c) => c.name === "w")?.data, Float32Array.from(uniform([40]).data));
  t.deepEqual(constants.find((c) => c.name === "k")?.data, BigInt64Array.of(1n, -(2n ** 60n)));
});
