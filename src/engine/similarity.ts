/** The most similar rows by an engine: `Gemm(queries, candidatesᵀ)` and `TopK`, exact, one block at a time as the caller cuts. */
import type { MostSimilar } from "../eval/index.js";
import { applyAll, buildModel, gather, gemm, input, ints } from "../graph/index.js";
import { countUp } from "./countUp.js";
import type { Engine } from "./engine.js";
import { loadedOnce } from "./loadedOnce.js";

function model(count: number): Uint8Array {
  const queries = input("queries", ["queries", "width"]);
  const candidates = input("candidates", ["candidates", "width"]);
  const numbers = input("numbers", ["candidates"], "int32"); // countUp
  const scores = gemm(queries, candidates, null, { transB: true }); // [queries, candidates]
  const [similarity, ids] = applyAll("TopK", [scores, ints([count])], {}, 2); // [queries, count]
  return buildModel({
    name: "similarity",
    inputs: [queries, candidates, numbers],
    outputs: { similarity, ids: gather(numbers, ids) },
  });
}

/**
 * `MostSimilar` on `engine`, in float32; of equal candidates the earlier first. Loads one program for each number of
 * neighbours, since the number is part of the graph, as providers other than the CPU's need it.
 */
export async function similarityOn(engine: Engine): Promise<MostSimilar> {
  return async (queries, candidates, count) => {
    const program = `similarity/${count}`;
    await loadedOnce(engine, program, () => model(count));
    const numbers = countUp(candidates.shape[0]);
    const found = await engine.run(program, { queries, candidates, numbers }, ["ids", "similarity"]);
    return { ids: found.ids.data as Int32Array, similarity: found.similarity.data as Float32Array };
  };
}
