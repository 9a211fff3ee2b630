/** How well the finest level of a trained run's clusters agrees with labels: level 1 of `hcsc eval cluster`. */
import { unitRows } from "../cluster/index.js";
import { clusteringScores } from "../eval/index.js";
import type { Recipe } from "../recipe/index.js";
import { type Checkpoint, clusterEmbeddings, encoderWeights } from "../train/index.js";
import { type EngineFlags, withEngine, withImages } from "./session.js";
import { readableVectors } from "./vectors.js";

const seed = 0;

/** Adjusted mutual information with the labels; null where the recipe has no levels, or the images no single labels. */
export async function finestAmi(
  recipe: Recipe,
  checkpoint: Checkpoint,
  flags: EngineFlags & { readonly data: string },
): Promise<number | null> {
  if (recipe.method.clusters.length === 0) return null;
  return withImages(flags.data, flags, async (images) => {
    const { labels } = images.source;
    if (!labels) return null;
    return withEngine(flags, async (engine) => {
      const { features, kept } = await readableVectors(engine, recipe, encoderWeights(checkpoint, "query"), images, {
        kind: "single",
        classes: 1,
        labels,
      });
      const { assignments } = await clusterEmbeddings(engine, recipe, unitRows(features), seed);
      return clusteringScores(
        kept.map((i) => labels[i]),
        assignments[0],
      ).ami;
    });
  });
}
