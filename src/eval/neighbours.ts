/** The most similar training rows of each test row, block by block, so that memory stays bounded whatever the sizes. */
import { elements, type Matrix } from "../array.js";
import { ShapeError, said, UsageError } from "../errors.js";
import { alone, countsOf, gatherAll, type World } from "../world/index.js";

/** For each query the `count` candidates of highest inner product, falling: both `[queries, count]` row-major. */
export interface Neighbours {
  readonly ids: Int32Array;
  readonly similarity: Float32Array;
}

/**
 * The top `count` candidates (rows of `candidates`) of each query by inner product, falling. It is injected so that a graph can
 * do it: `Gemm(queries, candidatesᵀ)` and `TopK`. Queries and candidates come in blocks: `queryBlock` × `candidateBlock` rows at
 * most. A block of candidates is the same array object for every block of queries.
 *
 * @param queries - `[Q, D]`
 * @param candidates - `[C, D]`
 * @param count - 1..C
 */
export type MostSimilar = (queries: Matrix, candidates: Matrix, count: number) => Promise<Neighbours>;

/** How neighbours are looked for, block by block. */
export interface BlockOptions {
  readonly mostSimilar: MostSimilar;
  /** Queries at a time; default 1024. */
  readonly queryBlock?: number;
  /** Candidates at a time; default 16384: with 1024 queries a block of similarities is 64 MiB. */
  readonly candidateBlock?: number;
  /** The processes that hold queries and candidates, each consecutive rows, process 0 the first; default: this one alone. */
  readonly world?: World | undefined;
}

/**
 * The `count` rows of `candidates` most similar to each row of `queries`, exactly, falling; of equal ones the earlier first.
 *
 * Of several processes each gets what its own queries are most similar to: queries go from one to all, block by block, and
 * each finds the best of its own candidates.
 *
 * @param queries - `[Q, D]`; of several processes this one's
 * @param candidates - `[N, D]`; of several processes this one's
 * @param count - 1..N
 * @returns ids of all candidates
 * @throws ShapeError if the widths differ; UsageError if `count` is not in 1..N
 */
export async function nearestNeighbours(
  queries: Matrix,
  candidates: Matrix,
  count: number,
  { mostSimilar, queryBlock = 1024, candidateBlock = 16384, world = alone }: BlockOptions,
): Promise<Neighbours> {
  const [rows = 0, width = 0] = queries.shape;
  const [own = 0, candidateWidth = 0] = candidates.shape;
  const { each: held, from: first, count: available } = countsOf(world, own);
  if (width !== candidateWidth || elements(queries.shape) !== queries.data.length) {
    throw new ShapeError(
      "wrong-shape",
      said`neighbours: queries ${{ shape: queries.shape }} and candidates ${{ neededShape: candidates.shape }} differ in width.`,
    );
  }
  if (!Number.isInteger(count) || count < 1 || count > available) {
    throw new UsageError(
      "wrong-value",
      `neighbours: ${count} asked for among ${available} rows. Ask for 1 to ${available}.`,
    );
  }
  const candidateBlocks = blocks(candidates, candidateBlock);
  const ids = new Int32Array(rows * count);
  const similarity = new Float32Array(rows * count);
  const queryBlocks = blocks(queries, Math.ceil(queryBlock / world.size));
  const rounds = world.gather(Int32Array.of(queryBlocks.length)).reduce((a, b) => Math.max(a, b), 0);
  for (let round = 0; round < rounds; round++) {
    const query = queryBlocks[round] ?? { matrix: { shape: [0, width], data: new Float32Array() }, from: rows, rows: 0 };
    const data = gatherAll(world, query.matrix.data);
    const asked = { shape: [data.length / width, width], data };
    let best: Neighbours = { ids: new Int32Array(), similarity: new Float32Array() };
    for (const [b, block] of candidateBlocks.entries()) {
      const found = await mostSimilar(asked, block.matrix, Math.min(count, block.rows));
      const shifted = { ids: found.ids.map((id) => id + first + block.from), similarity: found.similarity };
      best = b === 0 ? shifted : merge(best, shifted, asked.shape[0], count);
    }
    const answers = exchanged(
      world,
      best,
      query.rows,
      Array.from(held, (n) => Math.min(count, n)),
    );
    if (query.rows === 0) continue;
    const merged = answers.reduce((a, b) => merge(a, b, query.rows, count));
    ids.set(merged.ids, query.from * count);
    similarity.set(merged.similarity, query.from * count);
  }
  return { ids, similarity };
}

/**
 * What each process has found for this one's queries.
 *
 * @param found - what this process has found for the queries of all
 * @param rows - queries of this process
 * @param widths - how many each process finds for a query
 */
function exchanged(world: World, found: Neighbours, rows: number, widths: readonly number[]): readonly Neighbours[] {
  if (world.size === 1) return [found];
  const own = widths[world.rank];
  const { each } = countsOf(world, rows);
  let at = 0;
  const parts = Array.from(each, (asked) => {
    const [from, to] = [at * own, (at + asked) * own];
    at += asked;
    return bytesOf(found.ids.slice(from, to), found.similarity.slice(from, to));
  });
  const lengths = widths.map((width) => 8 * width * rows);
  return world.exchange(parts, lengths).map((part, r) => {
    const { buffer } = part.slice();
    const length = rows * widths[r];
    return { ids: new Int32Array(buffer, 0, length), similarity: new Float32Array(buffer, 4 * length, length) };
  });
}

function bytesOf(ids: Int32Array, similarity: Float32Array): Uint8Array {
  const bytes = new Uint8Array(ids.byteLength + similarity.byteLength);
  bytes.set(new Uint8Array(ids.buffer));
  bytes.set(new Uint8Array(similarity.buffer), ids.byteLength);
  return bytes;
}

/** The best `count` of two falling lists a row (all of both if there are fewer); on ties the first list's. */
function merge(a: Neighbours, b: Neighbours, rows: number, count: number): Neighbours {
  const widthA = a.ids.length / rows;
  const widthB = b.ids.length / rows;
  const width = Math.min(count, widthA + widthB);
  const ids = new Int32Array(rows * width);
  const similarity = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    let i = row * widthA;
    let j = row * widthB;
    for (let at = row * width; at < (row + 1) * width; at++) {
      const isFirst = j === (row + 1) * widthB || (i < (row + 1) * widthA && a.similarity[i] >= b.similarity[j]);
      ids[at] = isFirst ? a.ids[i] : b.ids[j];
      similarity[at] = isFirst ? a.similarity[i++] : b.similarity[j++];
    }
  }
  return { ids, similarity };
}

/** Views of consecutive rows. */
function blocks(matrix: Matrix, size: number): { matrix: Matrix; from: number; rows: number }[] {
  const [rows = 0, width = 0] = matrix.shape;
  return Array.from({ length: Math.ceil(rows / size) }, (_, b) => {
    const from = b * size;
    const to = Math.min(rows, from + size);
    return {
      matrix: { shape: [to - from, width], data: matrix.data.subarray(from * width, to * width) },
      from,
      rows: to - from,
    };
  });
}

/** `MostSimilar` in plain typed arrays, products in float64; of equal candidates the earlier first. */
export const plainMostSimilar: MostSimilar = async (queries, candidates, count) => {
  const [rows = 0, width = 0] = queries.shape;
  const [available = 0] = candidates.shape;
  const ids = new Int32Array(rows * count);
  const similarity = new Float32Array(rows * count).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < rows; row++) {
    const first = row * count;
    const last = first + count - 1;
    for (let c = 0; c < available; c++) {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += queries.data[row * width + d] * candidates.data[c * width + d];
      const score = Math.fround(sum);
      if (score <= similarity[last] && c >= count) continue;
      // Insertion into the falling list, behind what is equal.
      let at = Math.min(last, first + c);
      for (; at > first && similarity[at - 1] < score; at--) {
        similarity[at] = similarity[at - 1];
        ids[at] = ids[at - 1];
      }
      similarity[at] = score;
      ids[at] = c;
    }
  }
  return { ids, similarity };
};
