/**
 * The one heavy operation of clustering: which centroid is nearest to each point. It is injected, so that a matrix product on
 * any device can do it; everything else in this room is linear in the number of points.
 */
import type { Matrix } from "../array.js";
import { DataError, ShapeError, said } from "../errors.js";

/** What a search answers for each point asked about. */
export interface Nearest {
  /** The id of its nearest centroid, 0..K-1. */
  readonly owner: Int32Array;
  /**
   * Its second highest score `x·c − |c|²/2`, −∞ if there is one centroid: bounds the distance to all but the owner, which saves
   * a third of the comparisons. Optional; float32 rounding is allowed for, but leave it out where products are coarser (TF32).
   */
  readonly second?: Float32Array;
}

/**
 * The nearest centroid of each point, or of the points named by `rows`.
 *
 * An implementation computes the scores `x·c − |c|²/2` and takes the highest: as `Gemm(x, Cᵀ, −|c|²/2)` and `TopK` with k = 2 (no
 * slower than `ArgMax` on the CPU) over chunks of about 2048 rows. The caller computes distances exactly from the ids. A point
 * nearly equidistant from two centroids may go to either, and of equal centroids any may be named. The number of centroids
 * varies from call to call (1 to K; K = 1 has no second), and so does the number of rows. The same `points` object comes with
 * every call of one clustering and its data does not change: an implementation may keep it on its device, found again by object
 * identity (a `WeakMap`).
 *
 * @param points - `[N, D]`
 * @param centroids - `[K, D]`, K ≥ 1
 * @param rows - indices into `points`, ascending; all points if absent. Never empty
 * @returns arrays of N numbers, or of `rows.length`
 */
export interface NearestCentroid {
  (points: Matrix, centroids: Matrix, rows?: Int32Array): Promise<Nearest>;
  /** Multiplications that take as long as a call by itself does; default 0. Calls that save fewer are joined to others. */
  readonly callCost?: number;
}

/**
 * A plain implementation in typed arrays, sums in float64: 4 × 4 tiles of points and centroids, centroids in blocks that stay in
 * the cache. Ties go to the lowest id. Good for thousands of points; a graph is 20 times faster.
 */
export const plainNearest: NearestCentroid = async (points, centroids, rows) => {
  const [count, width] = matrixShape(points, "points");
  const [clusters, centroidWidth] = matrixShape(centroids, "centroids");
  if (centroidWidth !== width) {
    throw new ShapeError(
      "wrong-shape",
      `nearest centroid: the points have ${width} columns, the centroids ${centroidWidth}. Use one width.`,
    );
  }
  const asked = rows ?? Int32Array.from({ length: count }, (_, i) => i);
  const halfNorms = Float64Array.from({ length: clusters }, (_, c) => squaredNorm(centroids, c) / 2);
  const owner = new Int32Array(asked.length);
  const best = new Float64Array(asked.length).fill(Number.NEGATIVE_INFINITY);
  const second = new Float32Array(asked.length).fill(Number.NEGATIVE_INFINITY);
  const blockOfCentroids = Math.max(4, Math.floor(4096 / Math.max(1, width)) * 4);
  for (let from = 0; from < clusters; from += blockOfCentroids) {
    const to = Math.min(clusters, from + blockOfCentroids);
    for (let i = 0; i < asked.length; i += 4) {
      const height = Math.min(4, asked.length - i);
      for (let c = from; c < to; c += 4) {
        const products = tile(points.data, asked, i, height, centroids.data, c, Math.min(4, to - c), width);
        for (let a = 0; a < height; a++) {
          for (let b = 0; b < 4 && c + b < to; b++) {
            const score = products[4 * a + b] - halfNorms[c + b];
            if (score > best[i + a]) {
              second[i + a] = best[i + a];
              best[i + a] = score;
              owner[i + a] = c + b;
            } else if (score > second[i + a]) {
              second[i + a] = score;
            }
          }
        }
      }
    }
  }
  return { owner, second };
};

const products = new Float64Array(16);

/** The inner products of up to 4 points and 4 centroids, row-major in a shared array of 16; edges repeat the last one. */
function tile(
  x: Float32Array,
  rows: Int32Array,
  i: number,
  height: number,
  y: Float32Array,
  c: number,
  breadth: number,
  width: number,
): Float64Array {
  const c0 = c * width;
  const c1 = (c + Math.min(1, breadth - 1)) * width;
  const c2 = (c + Math.min(2, breadth - 1)) * width;
  const c3 = (c + Math.min(3, breadth - 1)) * width;
  for (let a = 0; a < height; a += 2) {
    const x0 = rows[i + a] * width;
    const x1 = rows[i + Math.min(a + 1, height - 1)] * width;
    let s00 = 0;
    let s01 = 0;
    let s02 = 0;
    let s03 = 0;
    let s10 = 0;
    let s11 = 0;
    let s12 = 0;
    let s13 = 0;
    for (let d = 0; d < width; d++) {
      const p = x[x0 + d];
      const q = x[x1 + d];
      const y0 = y[c0 + d];
      const y1 = y[c1 + d];
      const y2 = y[c2 + d];
      const y3 = y[c3 + d];
      s00 += p * y0;
      s01 += p * y1;
      s02 += p * y2;
      s03 += p * y3;
      s10 += q * y0;
      s11 += q * y1;
      s12 += q * y2;
      s13 += q * y3;
    }
    products.set([s00, s01, s02, s03, s10, s11, s12, s13], 4 * a);
  }
  return products;
}

/** Rows and columns of a matrix, checked against its data. */
export function matrixShape(matrix: Matrix, name: string): readonly [rows: number, columns: number] {
  const [rows, columns, ...rest] = matrix.shape;
  if (rows === undefined || columns === undefined || rest.length > 0 || matrix.data.length !== rows * columns) {
    throw new ShapeError(
      "wrong-shape",
      said`${{ tensor: name }}: shape ${{ shape: matrix.shape }} with ${matrix.data.length} numbers is not a matrix. Give rows × columns numbers.`,
    );
  }
  return [rows, columns];
}

/** Throws unless every number is finite. @param from - the number of the first row */
export function requireFinite(matrix: Matrix, name: string, from = 0): void {
  for (let at = 0; at < matrix.data.length; at++) {
    if (Number.isFinite(matrix.data[at])) continue;
    const row = from + Math.floor(at / (matrix.shape[1] ?? 1));
    throw new DataError(
      "not-finite",
      said`${{ tensor: name }}: row ${row} holds ${matrix.data[at]}. Clustering needs finite numbers: look at what made this row.`,
    );
  }
}

/** Σ_d (x_d − y_d)² of row `i` of `x` and row `j` of `y`, in float64: exactly 0 for equal rows. */
export function squaredDistance(x: Matrix, i: number, y: Matrix, j: number): number {
  const width = x.shape[1] ?? 0;
  const a = x.data;
  const b = y.data;
  let p = i * width;
  let q = j * width;
  const end = p + width;
  let s0 = 0; // four sums at once: one would wait for itself
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (; p + 3 < end; p += 4, q += 4) {
    const d0 = a[p] - b[q];
    const d1 = a[p + 1] - b[q + 1];
    const d2 = a[p + 2] - b[q + 2];
    const d3 = a[p + 3] - b[q + 3];
    s0 += d0 * d0;
    s1 += d1 * d1;
    s2 += d2 * d2;
    s3 += d3 * d3;
  }
  for (; p < end; p++, q++) s0 += (a[p] - b[q]) ** 2;
  return s0 + s1 + (s2 + s3);
}

/** |row|² in float64. */
export function squaredNorm(x: Matrix, row: number): number {
  const width = x.shape[1] ?? 0;
  let sum = 0;
  for (let p = row * width; p < (row + 1) * width; p++) sum += x.data[p] ** 2;
  return sum;
}
