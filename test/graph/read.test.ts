import test from "ava";
import { GraphError } from "../../src/errors.js";
import { buildModel, expandComposites, readModel } from "../../src/graph/index.js";
import type { NodeContent, TensorContent } from "../../src/onnx/index.js";
import { type Sample, tensorOf, uniform } from "./gradientError.js";
import { file, floats, int64s, op, run } from "./onnxFile.js";

interface OneNode {
  readonly what: string;
  readonly opset: number;
  readonly x: Sample;
  readonly node: NodeContent;
  readonly constants?: readonly TensorContent[];
}

const image = uniform([2, 4, 5, 5]);
const rows = uniform([3, 4]);
const node = (
  what: string,
  x: Sample,
  made: NodeContent,
  constants: readonly TensorContent[] = [],
  opset = 18,
): OneNode => ({ what, x, node: made, constants, opset });

const perGroup = [floats("s", [2]), floats("b", [2])];
const perChannel = [floats("s", [4]), floats("b", [4])];
const statistics = [floats("m", [4]), floats("v", [4], [1, 0.5, 2, 1.5])];

const files: readonly OneNode[] = [
  node("group normalisation by group", image, op("GroupNormalization", "x s b", "y", { num_groups: 2 }), perGroup),
  node(
    "group normalisation by channel",
    image,
    op("GroupNormalization", "x s b", "y", { num_groups: 2, epsilon: { float: 0.1 } }),
    perChannel,
    21,
  ),
  node("instance normalisation", image, op("InstanceNormalization", "x s b", "y"), perChannel, 13),
  node("batch normalisation", image, op("BatchNormalization", "x s b m v", "y"), [...perChannel, ...statistics], 15),
  node(
    "batch normalisation in training form",
    image,
    op("BatchNormalization", "x s b m v", "y mean variance", { training_mode: 1, momentum: { float: 0.8 } }),
    [...perChannel, ...statistics],
    15,
  ),
  node("layer normalisation", rows, op("LayerNormalization", "x s b", "y"), perChannel, 17),
  node("gelu", rows, op("Gelu", "x", "y"), [], 20),
  node("gelu by tanh", rows, op("Gelu", "x", "y", { approximate: "tanh" }), [], 20),
  node("gelu of ONNX Runtime's own", rows, { ...op("Gelu", "x", "y"), domain: "com.microsoft" }),
  node("hard swish", rows, op("HardSwish", "x", "y"), [], 14),
  node("mish", rows, op("Mish", "x", "y")),
  node("selu", rows, op("Selu", "x", "y"), [], 13),
  node("softsign", rows, op("Softsign", "x", "y"), [], 13),
  node("unit rows", rows, op("LpNormalization", "x", "y", { p: 2, axis: 1 })),
  node("rows of unit sum", rows, op("LpNormalization", "x", "y", { p: 1, axis: 1 })),
  node("softmax cross entropy", rows, op("SoftmaxCrossEntropyLoss", "x t", "y"), [int64s("t", [0, 3, 1])], 13),
  node(
    "summed softmax cross entropy",
    rows,
    op("SoftmaxCrossEntropyLoss", "x t", "y", { reduction: "sum" }),
    [int64s("t", [0, 3, 1])],
    13,
  ),
  node(
    "negative log likelihood",
    rows,
    op("NegativeLogLikelihoodLoss", "x t", "y", { reduction: "none" }),
    [int64s("t", [0, 3, 1])],
    13,
  ),
  node("dropout", rows, op("Dropout", "x", "y"), [], 13),
  node(
    "a mean over axes given as an attribute",
    image,
    op("ReduceMean", "x", "y", { axes: [2, 3], keepdims: 0 }),
    [],
    13,
  ),
  node("a maximum over all axes", image, op("ReduceMax", "x", "y", { keepdims: 0 }), [], 13),
  node("a split into a number of parts", rows, op("Split", "x", "y z", { axis: 1, num_outputs: 2 })),
  node("an uneven split", uniform([2, 5]), op("Split", "x", "y z", { axis: 1, num_outputs: 2 })),
  node("a split into equal parts", rows, op("Split", "x", "y z", { axis: 1 }), [], 13),
  node(
    "a padded convolution",
    image,
    op("Conv", "x s", "y", { auto_pad: "SAME_UPPER", strides: [2, 2], kernel_shape: [2, 2] }),
    [floats("s", [3, 4, 2, 2])],
    13,
  ),
  node(
    "a convolution padded below",
    image,
    op("Conv", "x s", "y", { auto_pad: "SAME_LOWER" }),
    [floats("s", [3, 4, 2, 2])],
    13,
  ),
  node(
    "an unpadded pooling",
    image,
    op("MaxPool", "x", "y", { auto_pad: "VALID", kernel_shape: [2, 2], strides: [2, 2] }),
    [],
    13,
  ),
  node(
    "a padded average pooling",
    image,
    op("AveragePool", "x", "y", { auto_pad: "SAME_UPPER", kernel_shape: [2, 2], strides: [2, 2] }),
    [],
    13,
  ),
  node(
    "a transposed convolution",
    image,
    op("ConvTranspose", "x s", "y", { strides: [2, 2], kernel_shape: [2, 2] }),
    [floats("s", [4, 3, 2, 2])],
    13,
  ),
  node("a clip with no lower bound", rows, op("Clip", "x - s", "y"), [floats("s", [], [0.3])], 13),
  node("a part of a shape", image, op("Shape", "x", "y", { start: 1, end: -1 }), [], 15),
  node("a saturating cast", rows, op("Cast", "x", "y", { to: 7, saturate: 1 }), [], 19),
];

/** What ONNX Runtime makes of the file itself is the truth. */
for (const { what, opset, x, node: made, constants = [] } of files)
  test.serial(`${what} of opset ${opset} computes the same when read and built again`, async (t) => {
    const inputs = [{ name: "x", dtype: "float32" as const, shape: x.shape }];
    const typed = (types: (name: string) => { dtype: "float32" | "int64"; shape: readonly (number | string)[] }) =>
      file({
        opset,
        constants,
        nodes: [made],
        inputs,
        outputs: made.outputs.map((name) => ({ ...types(name), name })),
      });
    const graph = readModel(typed(() => ({ dtype: "float32", shape: [] })));
    const bytes = typed((name) => graph.outputs[name] as never);
    const names = Object.keys(graph.outputs);
    const expanded = expandComposites(Object.values(graph.outputs));
    const again = buildModel({ ...graph, outputs: Object.fromEntries(names.map((n, i) => [n, expanded[i]])) });
    const [before, after] = [await run(bytes, { x: tensorOf(x) }), await run(again, { x: tensorOf(x) })];
    t.deepEqual(Object.keys(after), Object.keys(before));
    for (const name of names)
      for (const [i, v] of before[name].entries())
        t.true(Math.abs(v - after[name][i]) < 1e-5, `${name}[${i}]: ${v} ${after[name][i]}`);
  });

const model = (
  nodes: readonly NodeContent[],
  constants: readonly TensorContent[],
  shape: readonly (number | string)[],
  opset = 13,
) =>
  file({
    opset,
    constants,
    nodes,
    inputs: [{ name: "x", dtype: "float32", shape }],
    outputs: [{ name: "y", dtype: "float32", shape: [] }],
  });

test("shape arithmetic with a batch of any size is followed: [n,4,2,3] flattens to [n,24]", (t) => {
  const nodes = [
    op("Shape", "x", "shape"),
    op("Gather", "shape zero", "n"),
    op("Unsqueeze", "n first", "n1"),
    op("Concat", "n1 rest", "target", { axis: 0 }),
    op("Reshape", "x target", "y"),
  ];
  const constants = [int64s("zero", [0], []), int64s("first", [0]), int64s("rest", [-1])];
  t.deepEqual(readModel(model(nodes, constants, ["n", 4, 2, 3])).outputs.y.shape, ["n", 24]);
  t.deepEqual(readModel(model(nodes, constants, [5, 4, 2, 3])).outputs.y.shape, [5, 24]);
});

test("products, quotients and slices of sizes are followed: tokens of [n,8,4,6] are [n,24,8]", (t) => {
  const nodes = [
    op("Shape", "x", "shape"),
    op("Slice", "shape zero two", "front"),
    op("Slice", "shape two four", "spatial"),
    op("ReduceProd", "spatial", "positions", { axes: [0] }),
    op("Concat", "front positions", "target", { axis: 0 }),
    op("Reshape", "x target", "flat"),
    op("Transpose", "flat", "y", { perm: [0, 2, 1] }),
  ];
  const constants = [int64s("zero", [0]), int64s("two", [2]), int64s("four", [4])];
  t.deepEqual(readModel(model(nodes, constants, ["n", 8, 4, 6])).outputs.y.shape, ["n", 24, 8]);
});

test("an expansion to a shape with −1 replaced by 1, as exporters write it, is followed", (t) => {
  const nodes = [
    op("Shape", "wanted", "count"),
    op("ConstantOfShape", "count", "ones", { value: int64s("", [1]) }),
    op("Equal", "wanted minus", "open"),
    op("Where", "open ones wanted", "target"),
    op("Expand", "x target", "y"),
  ];
  t.deepEqual(
    readModel(model(nodes, [int64s("wanted", [-1, 4]), int64s("minus", [-1], [])], [3, 1])).outputs.y.shape,
    [3, 4],
  );
});

for (const [what, bytes, says] of [
  [
    "an op that the builder does not know",
    model([op("Einsum", "x", "y", { equation: "ij->ji" })], [], [2, 2]),
    /node Einsum_y \(Einsum\): the builder does not know this op/,
  ],
  [
    "a vendor's op",
    model([{ ...op("FastGelu", "x", "y"), domain: "com.microsoft" }], [], [2]),
    /\(com\.microsoft\.FastGelu\): the builder does not know/,
  ],
  ["an old opset", model([op("Relu", "x", "y")], [], [2], 9), /opset 9; 13 to 23 can be read/],
  [
    "a misfit",
    model([op("MatMul", "x w", "y")], [floats("w", [3, 2])], [2, 4]),
    /node MatMul_y \(MatMul\): MatMul: the inner dimensions 4 and 3 differ \(x: float32\[2,4\], w: float32\[3,2\]\)$/,
  ],
  [
    "a tensor that nothing makes",
    model([op("Relu", "z", "y")], [], [2]),
    /node Relu_y \(Relu\) reads z, which nothing before it makes/,
  ],
  [
    "an element type of a cast that is unknown",
    model([op("Cast", "x", "y", { to: 16 })], [], [2]),
    /node Cast_y \(Cast\): .*element type 16 is not supported/,
  ],
  [
    "weighted classes",
    model([op("SoftmaxCrossEntropyLoss", "x t w", "y")], [int64s("t", [0]), floats("w", [2])], [1, 2]),
    /only scores \[N, classes\] without weights/,
  ],
  ["bytes that are no model", new TextEncoder().encode("not a model"), /not an ONNX model|no graph/],
] as const)
  test(`${what} is refused with the node's name`, (t) => {
    t.regex(t.throws(() => readModel(bytes), { instanceOf: GraphError }).message, says);
  });
