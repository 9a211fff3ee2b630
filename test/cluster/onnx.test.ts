import test from "ava";
import onnxProto from "onnx-proto";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { kmeans, type NearestCentroid, plainNearest } from "../../src/cluster/index.js";
import { unitMixture } from "./points.js";

const { onnx } = onnxProto;
const float = onnx.TensorProto.DataType.FLOAT;
const integer = onnx.TensorProto.DataType.INT64;

function value(name: string, elemType: number, ...dims: (string | number)[]): onnxProto.onnx.IValueInfoProto {
  const dim = dims.map((size) => (typeof size === "string" ? { dimParam: size } : { dimValue: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

/** The search as `NearestCentroid` describes it, by ONNX Runtime: Gemm and TopK in float32. */
async function graphNearest(width: number): Promise<NearestCentroid> {
  const model = onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "nearest",
      node: [
        {
          opType: "Gemm",
          input: ["x", "c", "h"],
          output: ["scores"],
          attribute: [{ name: "transB", type: onnx.AttributeProto.AttributeType.INT, i: 1 }],
        },
        { opType: "TopK", input: ["scores", "count"], output: ["best", "ids"] },
      ],
      input: [
        value("x", float, "n", width),
        value("c", float, "k", width),
        value("h", float, "k"),
        value("count", integer, 1),
      ],
      output: [value("best", float, "n", "count"), value("ids", integer, "n", "count")],
    },
  }).finish();
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  return async (points, centroids, rows) => {
    const clusters = centroids.shape[0] ?? 0;
    const asked = rows ?? Int32Array.from({ length: points.shape[0] ?? 0 }, (_, i) => i);
    const x = new Float32Array(asked.length * width);
    asked.forEach((row, at) => {
      x.set(points.data.subarray(row * width, (row + 1) * width), at * width);
    });
    const norms = Float32Array.from({ length: clusters }, (_, c) =>
      centroids.data.subarray(c * width, (c + 1) * width).reduce((sum, number) => sum - number ** 2 / 2, 0),
    );
    const count = Math.min(2, clusters);
    const { best, ids } = await session.run({
      x: new Tensor("float32", x, [asked.length, width]),
      c: new Tensor("float32", centroids.data, [clusters, width]),
      h: new Tensor("float32", norms, [clusters]),
      count: new Tensor("int64", BigInt64Array.of(BigInt(count)), [1]),
    });
    return {
      owner: Int32Array.from(asked, (_, at) => Number((ids.data as BigInt64Array)[at * count])),
      second: Float32Array.from(asked, (_, at) =>
        count === 2 ? (best.data as Float32Array)[at * 2 + 1] : Number.NEGATIVE_INFINITY,
      ),
    };
  };
}

test("ONNX Runtime's search gives the clusters of the plain one, with and without its second scores", async (t) => {
  const points = unitMixture(3000, 24, 90, 0.5, 6);
  const graph = await graphNearest(24);
  const ownersOnly: NearestCentroid = async (...asked) => ({ owner: (await graph(...asked)).owner });
  const options = { seed: 3, restarts: 2 };
  const plain = await kmeans(points, 60, { ...options, nearest: plainNearest });
  const onGraph = await kmeans(points, 60, { ...options, nearest: graph });
  const withoutSecond = await kmeans(points, 60, { ...options, nearest: ownersOnly });
  t.deepEqual(onGraph.assignment, plain.assignment);
  t.deepEqual(withoutSecond.assignment, plain.assignment);
  t.true(onGraph.comparisons < withoutSecond.comparisons);
});
