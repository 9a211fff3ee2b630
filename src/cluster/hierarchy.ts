/**
 * Hierarchical prototypes (Guo et al. 2022, section 3.2): level 0 clusters the images, level l the unit prototypes of level
 * l − 1, so every prototype has one parent and cluster ids compose up the tree.
 */
import type { Matrix } from "../array.js";
import { said, UsageError } from "../errors.js";
import { rulesOf, type Variant } from "../variants.js";
import { alone, gatherAll, ownRange, type World } from "../world/index.js";
import { concentration, distancesTo } from "./concentration.js";
import { clusteringDefaults } from "./defaults.js";
import { kmeans } from "./kmeans.js";
import type { NearestCentroid } from "./nearest.js";
import { ownRows } from "./points.js";
import { gatherRows, sizesOf, unitRows } from "./rows.js";
import { dropSmall } from "./small.js";

/** One level of the tree, 0 the finest. */
export interface Level {
  /** `[M, D]`, unit rows. */
  readonly prototypes: Matrix;
  /** `[M]`, positive, with the hierarchy's temperature as their mean. */
  readonly temperature: Float32Array;
  /** `[M]`: each prototype's parent, an id of the next level; null at the top. */
  readonly parent: Int32Array | null;
  /** `[N]`: each image's prototype at this level, composed of the levels below; of several processes this one's images. */
  readonly assignment: Int32Array;
  /** `[M]`: images under each prototype, of all processes. */
  readonly sizes: Int32Array;
}

/** A tree of prototypes over a set of points. */
export interface Hierarchy {
  readonly levels: readonly Level[];
  /** What a user should know: clusters not made or dropped, how many and why. */
  readonly warnings: readonly string[];
}

/** How a tree of prototypes is made. */
export interface HierarchyOptions {
  /** Prototypes of each level, finest first, not rising. */
  readonly clusters: readonly number[];
  /** The mean of every level's temperatures, > 0; the paper uses 0.2. */
  readonly temperature: number;
  /** Smoothing of the concentration; default 10. */
  readonly epsilon?: number;
  /** By which temperatures are taken, and small clusters dropped or not. */
  readonly variant: Variant;
  /** Of k-means; default 20. */
  readonly iterations?: number;
  /** Of k-means; default 5. */
  readonly restarts?: number;
  /** Level l is clustered with seed + l. */
  readonly seed: number;
  readonly nearest: NearestCentroid;
  /** Images that a cluster must have to stay where the variant drops small ones; default 10, the paper's. */
  readonly minimumClusterSize?: number;
  /** The processes that hold the features, each consecutive rows, process 0 the first; default: this one alone. */
  readonly world?: World | undefined;
}

/**
 * The tree of prototypes over `features`.
 *
 * A level may have fewer prototypes than asked (few or equal images, small clusters dropped): `warnings` say so, and
 * `padHierarchy` restores fixed shapes. It always has one.
 *
 * Several processes find what one would, as by {@link kmeans}: each takes its features, and of the prototypes of the level below its
 * share.
 *
 * @param features - `[N, D]`, unit rows, N ≥ 1; of several processes this one's
 * @throws UsageError if `clusters` is empty or rises; DataError as `kmeans`
 */
export async function hierarchy(features: Matrix, options: HierarchyOptions): Promise<Hierarchy> {
  const {
    clusters,
    temperature,
    epsilon = clusteringDefaults.epsilon,
    variant,
    seed,
    nearest,
    minimumClusterSize = clusteringDefaults.minimumClusterSize,
    world = alone,
  } = options;
  const { concentrationOf, dropsSmallClusters } = rulesOf(variant);
  requireFalling(clusters);
  const levels: Level[] = [];
  const warnings: string[] = [];
  let points = features;
  for (const [level, asked] of clusters.entries()) {
    const below = levels.at(-1);
    const found = await kmeans(points, asked, { ...options, seed: seed + level });
    warnings.push(...found.warnings.map((warning) => `level ${level + 1}: ${warning}`));
    const images = below ? ownSizes(below.sizes, world) : new Int32Array(points.shape[0] ?? 0).fill(1);
    const minimum = dropsSmallClusters ? minimumClusterSize : 0;
    const all = unitRows(found.centroids);
    const without = await dropSmall(points, all, found.assignment, images, minimum, nearest, world);
    const { kept, assignment: own, moved } = without;
    const prototypes = gatherRows(all, kept);
    const count = kept.length;
    if (moved > 0) warnings.push(dropped(level, all.shape[0] ?? 0, count, minimum, moved));

    const parent = below ? gatherAll(world, own) : null;
    const assignment = below && parent ? composeAssignments([below.assignment, parent]) : own;
    const temperatures = { temperature, epsilon, world };
    levels.push({
      prototypes,
      temperature:
        concentrationOf === "images"
          ? concentration(distancesTo(features, prototypes, assignment), assignment, count, temperatures)
          : concentration(found.distance, own, count, temperatures),
      parent: null,
      assignment,
      sizes: sizesOf(assignment, count, world),
    });
    if (below) levels[level - 1] = { ...below, parent };
    points = ownRows(prototypes, world);
  }
  return { levels, warnings };
}

/**
 * Ids composed up the tree: `ids[0]` maps images to clusters, each further array maps the clusters of the level below to its own.
 *
 * @returns each image's id at the last level
 */
export function composeAssignments(ids: readonly Int32Array[]): Int32Array {
  return ids.reduce((composed, next) => composed.map((id) => next[id]));
}

/** Of this process's share of a level's prototypes. */
function ownSizes(sizes: Int32Array, world: World): Int32Array {
  const { from, to } = ownRange(sizes.length, world);
  return sizes.subarray(from, to);
}

function requireFalling(clusters: readonly number[]): void {
  if (clusters.length === 0)
    throw new UsageError(
      "wrong-value",
      said`${{ field: "clusters" }} is empty. Give falling counts, such as [3000, 2000, 1000].`,
    );
  for (let level = 1; level < clusters.length; level++) {
    if (clusters[level] > clusters[level - 1]) {
      throw new UsageError(
        "wrong-value",
        said`${{ field: `clusters[${level}]` }} is ${clusters[level]}, more than the level below it (${clusters[level - 1]}). A level must be coarser: give falling counts, such as [3000, 2000, 1000].`,
      );
    }
  }
}

function dropped(level: number, made: number, left: number, minimum: number, moved: number): string {
  const what = level === 0 ? "images" : "prototypes";
  return `level ${level + 1}: ${made - left} of ${made} clusters had fewer than ${minimum} images and were dropped; their ${moved} ${what} went to the most similar of the other ${left}.`;
}
