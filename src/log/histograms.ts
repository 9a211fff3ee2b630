/** What a set's embeddings look like, as histograms. */
import type { Matrix } from "../array.js";
import type { Histogram } from "./eventRecord.js";

/**
 * `embeddings/coordinates`, all numbers of all rows, and `embeddings/cosineToMean`, each row's cosine to the mean of the rows: near 1 for
 * all images means that they have all but one embedding.
 *
 * @param embeddings - unit rows
 */
export function histogramsOf({ shape: [rows, width], data }: Matrix): readonly Histogram[] {
  const mean = new Float64Array(width);
  for (let i = 0; i < data.length; i++) mean[i % width] += data[i];
  const norm = Math.hypot(...mean) || 1;
  const cosines = Float32Array.from({ length: rows }, (_, row) => {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += data[row * width + d] * mean[d];
    return sum / norm;
  });
  return [
    { tag: "embeddings/coordinates", values: data },
    { tag: "embeddings/cosineToMean", values: cosines },
  ];
}
