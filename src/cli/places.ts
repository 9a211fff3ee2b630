/** Where images stand in the hierarchy that a run has learned, by its key encoder, as in training. */
import type { Recipe } from "../recipe/index.js";
import type { Engine } from "../runtime/index.js";
import { embedImages, type LearnedLevel, placeInHierarchy } from "../train/index.js";
import { everyIndex, type ImageSession } from "./session.js";
import type { Weights } from "./vectors.js";

export interface Places {
  /** Clusters at each level, finest first. */
  readonly counts: readonly number[];
  /** Each image's cluster by level; of one that cannot be read, that of the image which stood in for it. */
  readonly clusters: readonly Int32Array[];
  /** Each image's cosine to the prototype of its finest cluster. */
  readonly cosines: Float32Array;
}

/** @param weights - of the run's key encoder, in whose space the levels' prototypes lie */
export async function placesOf(
  engine: Engine,
  recipe: Recipe,
  levels: readonly LearnedLevel[],
  weights: Weights,
  { source, loader, progress }: Omit<ImageSession, "engine">,
): Promise<Places> {
  const { embeddings } = await embedImages(engine, loader, recipe, weights, everyIndex(source.count), (done) =>
    progress("placing", done, source.count),
  );
  const clusters = await placeInHierarchy(engine, levels, embeddings);
  const [{ prototypes }] = levels;
  const width = prototypes.shape[1];
  const cosines = Float32Array.from(clusters[0], (id, i) => {
    let sum = 0;
    for (let d = 0; d < width; d++) sum += embeddings.data[i * width + d] * prototypes.data[id * width + d];
    return sum;
  });
  return { counts: levels.map((level) => level.prototypes.shape[0]), clusters, cosines };
}
