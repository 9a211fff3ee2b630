/** The most similar other images of each. */
import type { Matrix } from "../array.js";
import { type MostSimilar, nearestNeighbours } from "../eval/index.js";

/** Both [N, each], the most similar first. */
export interface Similar {
  readonly each: number;
  readonly ids: Int32Array;
  readonly cosines: Float32Array;
}

/**
 * Exact, each row itself left out; of equal ones the earlier first.
 *
 * @param features - [N, D], unit rows
 * @param wanted - how many; N - 1 if there are fewer
 * @param progress - called with the number of rows done
 */
export async function mostSimilarOthers(
  features: Matrix,
  wanted: number,
  mostSimilar: MostSimilar,
  progress: (done: number) => void,
): Promise<Similar> {
  const rows = features.shape[0];
  const each = Math.min(wanted, rows - 1);
  const [ids, cosines] = [new Int32Array(rows * each), new Float32Array(rows * each)];
  if (each === 0) return { each, ids, cosines };
  // All rows are one block of candidates, so that every call finishes its queries.
  let done = 0;
  const counted: MostSimilar = async (queries, candidates, count) => {
    const found = await mostSimilar(queries, candidates, count);
    done += queries.shape[0];
    progress(done);
    return found;
  };
  const width = each + 1;
  const found = await nearestNeighbours(features, features, width, {
    mostSimilar: counted,
    queryBlock,
    candidateBlock: rows,
  });
  for (let row = 0; row < rows; row++) {
    const at = row * width;
    const own = found.ids.subarray(at, at + width).indexOf(row);
    const left = own === -1 ? each : own; // among more than `each` equal ones a row may not find itself
    for (let i = 0; i < each; i++) {
      const from = at + i + (i < left ? 0 : 1);
      ids[row * each + i] = found.ids[from];
      cosines[row * each + i] = found.similarity[from];
    }
  }
  return { each, ids, cosines };
}

const queryBlock = 512;
