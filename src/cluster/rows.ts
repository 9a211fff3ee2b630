/** Rows of matrices: gathered, averaged, scaled to unit length. */
import type { Matrix } from "../array.js";
import type { World } from "../world/index.js";

/** The rows `rows` of `matrix`, copied in that order: `[rows.length, D]`. */
export function gatherRows(matrix: Matrix, rows: ArrayLike<number>): Matrix {
  const width = matrix.shape[1] ?? 0;
  const data = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    data.set(matrix.data.subarray(rows[i] * width, (rows[i] + 1) * width), i * width);
  }
  return { shape: [rows.length, width], data };
}

/** Each row divided by its Euclidean norm, the norm floored at 1e-12: a row of zeros stays one. */
export function unitRows(matrix: Matrix): Matrix {
  const [rows = 0, width = 0] = matrix.shape;
  const data = new Float32Array(matrix.data.length);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let p = i * width; p < (i + 1) * width; p++) sum += matrix.data[p] ** 2;
    const norm = Math.max(Math.sqrt(sum), 1e-12);
    for (let p = i * width; p < (i + 1) * width; p++) data[p] = matrix.data[p] / norm;
  }
  return { shape: [rows, width], data };
}

/** Inner products of all rows of `x` `[N, D]` and `y` `[M, D]`: `[N, M]`, summed in float64. The cosines, if rows are unit. */
export function similarities(x: Matrix, y: Matrix): Matrix {
  const [rows = 0, width = 0] = x.shape;
  const [columns = 0] = y.shape;
  const data = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += x.data[i * width + d] * y.data[j * width + d];
      data[i * columns + j] = sum;
    }
  }
  return { shape: [rows, columns], data };
}

/** How many of all processes' `owner` name each of `count` ids. */
export function sizesOf(owner: Int32Array, count: number, world: World): Int32Array {
  const sizes = new Int32Array(count);
  for (const id of owner) sizes[id]++;
  world.reduce("sum", sizes);
  return sizes;
}

/** Members of each cluster: cluster c's are `members[start[c]]` up to `members[start[c + 1]]`, ascending. */
export interface Membership {
  readonly start: Int32Array;
  readonly members: Int32Array;
}

/** Points sorted by cluster (a counting sort). */
export function membership(owner: Int32Array, count: number): Membership {
  const start = new Int32Array(count + 1);
  for (const id of owner) start[id + 1]++;
  for (let c = 0; c < count; c++) start[c + 1] += start[c];
  const end = start.slice(0, count);
  const members = new Int32Array(owner.length);
  for (let i = 0; i < owner.length; i++) members[end[owner[i]]++] = i;
  return { start, members };
}
