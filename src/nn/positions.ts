/** Where a patch lies in the image, as vectors that are added to tokens: their start, and the same for a grid of another size. */

/**
 * Sines and cosines of row and column (Vaswani et al. 2017), as MoCo v3 has them: a quarter of the width each for sin row, cos row,
 * sin column, cos column, of frequencies from 1 to 1/10,000; zeros for the class token, which comes first.
 *
 * @param width - a multiple of 4
 * @returns [1 + side², width]
 */
export function sineCosine(side: number, width: number): Float32Array {
  const quarter = width / 4;
  const out = new Float32Array((1 + side * side) * width);
  for (let row = 0; row < side; row++)
    for (let column = 0; column < side; column++)
      for (let i = 0; i < quarter; i++) {
        const frequency = 10_000 ** -(i / quarter);
        const at = (1 + row * side + column) * width + i;
        out[at] = Math.sin(row * frequency);
        out[at + quarter] = Math.cos(row * frequency);
        out[at + 2 * quarter] = Math.sin(column * frequency);
        out[at + 3 * quarter] = Math.cos(column * frequency);
      }
  return out;
}

/** Keys's cubic with a = −½. */
function cubic(x: number): number {
  const d = Math.abs(x);
  if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
  return d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

/** What of each of `from` places makes each of `to`: rows [to, from]; widened where there are fewer, as PyTorch's `antialias`. */
function taps(from: number, to: number): readonly Float64Array[] {
  const scale = from / to;
  const spread = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const row = Float64Array.from({ length: from }, (_, j) => cubic((j + 0.5 - centre) / spread));
    const total = row.reduce((sum, w) => sum + w, 0);
    return row.map((w) => w / total);
  });
}

/**
 * The matrix that takes positions of a square grid of one side to those of another, bicubic, as timm resamples them; the class
 * token's, the first, stays.
 *
 * @returns [1 + to², 1 + from²]
 */
export function resampling(from: number, to: number): Float32Array {
  const along = taps(from, to);
  const width = 1 + from * from;
  const out = new Float32Array((1 + to * to) * width);
  out[0] = 1;
  for (let y = 0; y < to; y++)
    for (let x = 0; x < to; x++)
      for (let i = 0; i < from; i++)
        for (let j = 0; j < from; j++) out[(1 + y * to + x) * width + 1 + i * from + j] = along[y][i] * along[x][j];
  return out;
}

/** Positions [1 + from², width] for a grid of another side: [1 + to², width]. */
export function resampledPositions(positions: Float32Array, from: number, to: number): Float32Array {
  const [before, after] = [1 + from * from, 1 + to * to];
  const width = positions.length / before;
  const matrix = resampling(from, to);
  const out = new Float32Array(after * width);
  for (let place = 0; place < after; place++)
    for (let d = 0; d < width; d++) {
      let sum = 0;
      for (let i = 0; i < before; i++) sum += matrix[place * before + i] * positions[i * width + d];
      out[place * width + d] = sum;
    }
  return out;
}
