/** The plane of a set of points in which they are spread widest. */
import type { Matrix } from "../array.js";
import { normal, random } from "../random.js";

const iterations = 50;

/**
 * The first two principal components of rows, by subspace iteration: the centred rows' coordinates in them. A direction in which
 * the rows are not spread gives zeros.
 *
 * @returns [N, 2]
 */
export function principalPlane({ shape: [rows, width], data }: Matrix, seed: number): Float64Array {
  const mean = new Float64Array(width);
  for (let p = 0; p < data.length; p++) mean[p % width] += data[p] / rows;
  const next = random(seed, "mapStart", 0);
  const plane = new Float64Array(rows * 2);
  let axes = [0, 1].map(() =>
    orthonormal(
      Float64Array.from({ length: width }, () => normal(next)),
      [],
    ),
  );
  for (let i = 0; i <= iterations; i++) {
    for (const [a, axis] of axes.entries()) {
      for (let row = 0; row < rows; row++) {
        let sum = 0;
        for (let d = 0; d < width; d++) sum += (data[row * width + d] - mean[d]) * axis[d];
        plane[row * 2 + a] = sum;
      }
    }
    if (i === iterations) break;
    const images = axes.map((_, a) => {
      const image = new Float64Array(width);
      for (let row = 0; row < rows; row++)
        for (let d = 0; d < width; d++) image[d] += plane[row * 2 + a] * (data[row * width + d] - mean[d]);
      return image;
    });
    const first = orthonormal(images[0], []);
    axes = [first, orthonormal(images[1], [first])];
  }
  return plane;
}

/** A vector less its parts along `others`, of length 1; zeros if nothing of it is left. */
function orthonormal(vector: Float64Array, others: readonly Float64Array[]): Float64Array {
  let rest = vector;
  for (const other of others) {
    const along = dot(rest, other);
    rest = rest.map((x, d) => x - along * other[d]);
  }
  const length = Math.sqrt(dot(rest, rest));
  return length > 1e-12 ? rest.map((x) => x / length) : rest.fill(0);
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, d) => sum + x * b[d], 0);
