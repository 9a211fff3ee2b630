/** Points for tests: mixtures, grids, duplicates; seeded. */
import type { Matrix } from "../../src/array.js";
import { unitRows } from "../../src/cluster/index.js";
import { normal, random } from "../../src/random.js";

/** `count` points around `centres` Gaussian centres of spread 1, themselves spread by `spread`. */
export function mixture(count: number, width: number, centres: number, spread: number, seed: number): Matrix {
  const next = random(seed);
  const middle = Float64Array.from({ length: centres * width }, () => normal(next));
  const data = new Float32Array(count * width);
  for (let i = 0; i < count; i++) {
    const c = Math.floor(next() * centres);
    for (let d = 0; d < width; d++) data[i * width + d] = middle[c * width + d] + spread * normal(next);
  }
  return { shape: [count, width], data };
}

/** The same on the unit sphere. */
export function unitMixture(count: number, width: number, centres: number, spread: number, seed: number): Matrix {
  return unitRows(mixture(count, width, centres, spread, seed));
}

/** A matrix of the given rows. */
export function matrixOf(rows: readonly (readonly number[])[]): Matrix {
  return { shape: [rows.length, rows[0]?.length ?? 0], data: Float32Array.from(rows.flat()) };
}
