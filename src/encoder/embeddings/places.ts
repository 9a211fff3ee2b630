/** Where images stand in the hierarchy that a run has learned, by its key encoder, as in training. */
import { everyIndex } from "../../array.js";
import { embedImages, type LearnedLevel, placeInHierarchy } from "../../train/index.js";
import type { Encoder } from "./encoder.js";
import type { SeenImages } from "./vectors.js";

export interface Places {
  /** Clusters at each level, finest first. */
  readonly counts: readonly number[];
  /** Each image's cluster by level; of one that cannot be read, that of the image which stood in for it. */
  readonly clusters: readonly Int32Array[];
  /** Each image's cosine to the prototype of its finest cluster. */
  readonly cosines: Float32Array;
}

/**
 * @param encoder - the run's key encoder, in whose space the levels' prototypes lie
 * @param indices - of the images, in order; default: all
 */
export async function placesOf(
  encoder: Encoder,
  levels: readonly LearnedLevel[],
  { source, loader, progress }: SeenImages,
  indices: Int32Array = everyIndex(source.count),
): Promise<Places> {
  const { engine, recipe, weights } = encoder;
  const { embeddings } = await embedImages(engine, loader, recipe, weights, indices, (done) =>
    progress("placing", done, indices.length),
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
