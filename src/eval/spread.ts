/** Whether an encoder collapses: embeddings that all point one way, or use few dimensions. */
import type { Matrix } from "../array.js";
import { DataError } from "../errors.js";
import { alone, sumOf, type World } from "../world/index.js";

/** Alarm numbers of embeddings that collapse. */
export interface EmbeddingSpread {
  /** Mean cosine over all pairs of different rows: 1 when all are equal, about 0 when spread over the sphere. */
  readonly meanCosine: number;
  /** Mean over dimensions of the standard deviation, times √D: about 1 when spread over the sphere, 0 when all are equal. */
  readonly deviation: number;
  /** The smallest dimension's standard deviation, times √D: near 0 when a dimension is dead. */
  readonly smallestDeviation: number;
}

/**
 * Collapse alarm numbers, in O(N·D): Σ_{i≠j} x_i·x_j = |Σ x|² − Σ|x|². The deviation is SimSiam's measure (Chen and He 2021,
 * section 4.1).
 *
 * @param embeddings - `[N, D]`, unit rows, N ≥ 2; of several processes this one's
 * @param world - the processes that hold them; default: this one alone
 * @throws DataError if there are fewer than two rows
 */
export function embeddingSpread(embeddings: Matrix, world: World = alone): EmbeddingSpread {
  const [own = 0, width = 0] = embeddings.shape;
  const rows = sumOf(world, own);
  if (rows < 2) throw new DataError("too-few", `embedding spread: ${rows} rows. Give at least two.`);
  const sums = new Float64Array(width);
  for (let i = 0; i < embeddings.data.length; i++) sums[i % width] += embeddings.data[i];
  world.reduce("sum", sums);
  const squares = new Float64Array(width); // about the mean: two passes, since variances may be tiny
  let total = 0;
  for (let i = 0; i < embeddings.data.length; i++) {
    const value = embeddings.data[i];
    squares[i % width] += (value - sums[i % width] / rows) ** 2;
    total += value * value;
  }
  world.reduce("sum", squares);
  total = sumOf(world, total);
  const deviations = squares.map((sum) => Math.sqrt((sum / rows) * width));
  return {
    meanCosine: (sums.reduce((sum, value) => sum + value * value, 0) - total) / (rows * (rows - 1)),
    deviation: deviations.reduce((sum, value) => sum + value, 0) / width,
    smallestDeviation: deviations.reduce((a, b) => Math.min(a, b)),
  };
}
