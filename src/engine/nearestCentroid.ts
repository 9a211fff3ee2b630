/**
 * The nearest centroid by an engine: the highest x·c − |c|²/2, as `Gemm` and `TopK` over chunks of rows, so that the scores of
 * one chunk (2048 × 3000 float32: 24 MB) are all the memory it takes. Rows are fed chunk by chunk rather than kept as engine
 * state: a chunk's copy takes a fiftieth of its product's time, and the points are not held twice.
 *
 * A run takes time whatever is multiplied, on a device milliseconds: where centroids are few chunks are longer, calls that save less are
 * joined, and what typed arrays do meanwhile they do (an H100 took 1.6 s for a hierarchy of 8,000 embeddings, where two cores took 0.5).
 */
import type { Matrix } from "../array.js";
import { type NearestCentroid, plainNearest } from "../cluster/index.js";
import { ShapeError, said } from "../errors.js";
import { applyAll, buildModel, gather, gemm, input, ints, mul, sum } from "../graph/index.js";
import { countUp } from "./countUp.js";
import type { Engine } from "./engine.js";
import { loadedOnce } from "./loadedOnce.js";

const program = "nearestCentroid";
/** Rows of a chunk: so many, and more as long as they are few enough and their scores take so many bytes at most. */
const [leastRows, mostRows, scoreBytes] = [2048, 16_384, 24 << 20];
/** Multiplications done while a run is asked for and answered, by the provider and by typed arrays: on the CPU those of some 0.4 ms by these. */
const callCost = {
  cpu: { provider: 1e8, arrays: 3e5 },
  device: { provider: 2e9, arrays: 2e6 },
} as const;
/** Chunks asked for ahead: the next one is copied while one is computed. */
const ahead = 2;
const smallest = 64;

/** The least size of a chunk that has room for so many rows. Sizes are few, so that memory for feeds is used again. */
function roomFor(rows: number): number {
  let size = smallest;
  while (size < rows) size *= 2;
  return size > smallest && 0.75 * size >= rows ? 0.75 * size : size;
}

function rowsAtOnce(centroids: number): number {
  let rows = leastRows;
  while (2 * rows <= mostRows && 2 * rows * 4 * centroids <= scoreBytes) rows *= 2;
  return rows;
}

function model(): Uint8Array {
  const rows = input("rows", ["rows", "width"]);
  const centroids = input("centroids", ["centroids", "width"]);
  const numbers = input("numbers", ["centroids"], "int32"); // countUp
  const bias = mul(sum(mul(centroids, centroids), [1]), -0.5); // [centroids]
  const scores = gemm(rows, centroids, bias, { transB: true }); // [rows, centroids]
  const [best, ids] = applyAll("TopK", [scores, ints([2])], {}, 2); // [rows, 2]
  return buildModel({
    name: program,
    inputs: [rows, centroids, numbers],
    outputs: { best, ids: gather(numbers, ids) },
  });
}

/**
 * `NearestCentroid` on `engine`, in float32, with the second best score; of equal centroids the first. Loads one program, once
 * for each engine.
 */
export async function nearestCentroidOn(engine: Engine): Promise<NearestCentroid> {
  await loadedOnce(engine, program, model);
  const cost = callCost[engine.provider === "cpu" ? "cpu" : "device"];
  const nearest: NearestCentroid = async (points, centroids, rows) => {
    if (points.shape[1] !== centroids.shape[1]) {
      throw new ShapeError(
        "wrong-shape",
        said`nearest centroid: the points are ${{ shape: points.shape }}, the centroids ${{ neededShape: centroids.shape }}. Use one width.`,
      );
    }
    const count = rows?.length ?? points.shape[0];
    if (count * centroids.data.length <= cost.arrays) return plainNearest(points, centroids, rows);
    const owner = new Int32Array(count);
    const second = new Float32Array(count);
    if (centroids.shape[0] === 1) return { owner, second: second.fill(Number.NEGATIVE_INFINITY) };
    const numbers = countUp(centroids.shape[0]);
    const chunk = rowsAtOnce(centroids.shape[0]);
    let next = 0;
    const work = async () => {
      while (next < count) {
        const from = next;
        const to = Math.min(count, from + chunk);
        next = to;
        const asked = chunkOf(points, from, to, rows);
        const found = await engine.run(program, { rows: asked, centroids, numbers }, ["ids", "best"]);
        const [ids, best] = [found.ids.data as Int32Array, found.best.data as Float32Array];
        for (let i = 0; i < to - from; i++) {
          owner[from + i] = ids[2 * i];
          second[from + i] = best[2 * i + 1];
        }
      }
    };
    await Promise.all(Array.from({ length: ahead }, work));
    return { owner, second };
  };
  return Object.assign(nearest, { callCost: cost.provider });
}

/** Where chunks are gathered: an engine copies what it is fed at once. */
let gathered = new Float32Array();

/** Rows `from` ≤ i < `to` of `points`, or those that `rows` names there, and others up to the size of a chunk. */
function chunkOf(points: Matrix, from: number, to: number, rows?: Int32Array): Matrix {
  const width = points.shape[1];
  const room = roomFor(to - from);
  const shape = [room, width];
  const isWithin = from + room <= points.shape[0];
  if (!rows && isWithin) return { shape, data: points.data.subarray(from * width, (from + room) * width) };
  if (gathered.length < room * width) gathered = new Float32Array(room * width);
  const data = gathered.subarray(0, room * width);
  if (!rows) data.set(points.data.subarray(from * width, to * width));
  else
    for (let i = from; i < to; i++)
      data.set(points.data.subarray(rows[i] * width, (rows[i] + 1) * width), (i - from) * width);
  return { shape, data };
}
