/**
 * The nearest centroid by an engine: argmax_c x·c − |c|²/2, as `Gemm` and `ArgMax` over chunks of rows, so that the scores of
 * one chunk (2048 × 3000 float32: 24 MB) are all the memory it takes. Rows are fed chunk by chunk rather than kept as engine
 * state: a chunk's copy takes a fiftieth of its product, and the points are not held twice.
 */
import type { Matrix } from "../array.js";
import type { NearestCentroid } from "../cluster/index.js";
import { ShapeError } from "../errors.js";
import { argMax, buildModel, cast, gemm, input, mul, sum } from "../graph/index.js";
import type { Engine } from "./engine.js";
import { loadedOnce } from "./loadedOnce.js";

const program = "nearestCentroid";
const chunkRows = 2048;
/** Chunks asked for ahead: the next one is copied while one is computed. */
const ahead = 2;

function model(): Uint8Array {
  const rows = input("rows", ["rows", "width"]);
  const centroids = input("centroids", ["centroids", "width"]);
  const bias = mul(sum(mul(centroids, centroids), [1]), -0.5); // [centroids]
  const owner = cast(argMax(gemm(rows, centroids, bias, { transB: true })), "int32"); // [rows]
  return buildModel({ name: program, inputs: [rows, centroids], outputs: { owner } });
}

/** `NearestCentroid` on `engine`, in float32; of equal centroids the first. Loads one program, once for each engine. */
export async function nearestCentroidOn(engine: Engine): Promise<NearestCentroid> {
  await loadedOnce(engine, program, model);
  return async (points, centroids, rows) => {
    const width = points.shape[1];
    if (width !== centroids.shape[1]) {
      throw new ShapeError(
        `nearest centroid: the points are [${points.shape}], the centroids [${centroids.shape}]. Use one width.`,
      );
    }
    const count = rows?.length ?? points.shape[0];
    const owner = new Int32Array(count);
    const chunk = async (from: number) => {
      const fed = { rows: rowsOf(points, from, Math.min(count, from + chunkRows), rows), centroids };
      const found = await engine.run(program, fed, ["owner"]);
      owner.set(found.owner.data as Int32Array, from);
    };
    let next = 0;
    const lane = async () => {
      while (next < count) {
        const from = next;
        next += chunkRows;
        await chunk(from);
      }
    };
    await Promise.all(Array.from({ length: ahead }, lane));
    return owner;
  };
}

/** Rows `from` ≤ i < `to` of `points`, or those that `rows` names there. */
function rowsOf(points: Matrix, from: number, to: number, rows?: Int32Array): Matrix {
  const width = points.shape[1];
  const shape = [to - from, width];
  if (!rows) return { shape, data: points.data.subarray(from * width, to * width) };
  const data = new Float32Array((to - from) * width);
  for (let i = from; i < to; i++) {
    data.set(points.data.subarray(rows[i] * width, (rows[i] + 1) * width), (i - from) * width);
  }
  return { shape, data };
}
