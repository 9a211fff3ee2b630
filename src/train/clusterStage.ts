/** The start of an epoch after warm-up: embed the training images with the key encoder, cluster, hand the prototypes over. */
import type { DenseArray, Matrix } from "../array.js";
import { hierarchy } from "../cluster/index.js";
import { type Engine, nearestCentroidOn } from "../engine/index.js";
import type { Recipe } from "../recipe/index.js";
import { alone, gatherAll, type World } from "../world/index.js";
import { hierarchyTensors } from "./learnedHierarchy.js";

/** A clustering as the trainer uses it. */
export interface Clustering {
  /** What the graphs take, by state name. */
  readonly tensors: Readonly<Record<string, DenseArray>>;
  /** Each image's cluster at every level, of all processes' images. */
  readonly assignments: readonly Int32Array[];
  /** Prototypes of each level. */
  readonly counts: readonly number[];
  /** Images in the smallest and the largest cluster of each level. */
  readonly extremes: readonly (readonly [number, number])[];
  readonly warnings: readonly string[];
}

/**
 * Clusters unit rows into the recipe's hierarchy.
 *
 * @param embeddings - of several processes this one's, each consecutive rows, process 0 the first
 * @param world - those processes; default: this one alone
 */
export async function clusterEmbeddings(
  engine: Engine,
  recipe: Recipe,
  embeddings: Matrix,
  seed: number,
  world: World = alone,
): Promise<Clustering> {
  const { clusters, temperature, smoothing, variant, iterations, restarts, minimumClusterSize } = recipe.method;
  const nearest = await nearestCentroidOn(engine);
  const options = {
    clusters,
    temperature,
    epsilon: smoothing,
    variant,
    iterations,
    restarts,
    minimumClusterSize,
    seed,
    nearest,
    world,
  };
  const tree = await hierarchy(embeddings, options);
  return {
    tensors: hierarchyTensors(tree, clusters),
    assignments: tree.levels.map((level) => gatherAll(world, level.assignment)),
    counts: tree.levels.map((level) => level.prototypes.shape[0]),
    extremes: tree.levels.map(({ sizes }) => [
      sizes.reduce((a, b) => Math.min(a, b)),
      sizes.reduce((a, b) => Math.max(a, b)),
    ]),
    warnings: tree.warnings,
  };
}
