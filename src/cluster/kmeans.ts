/** k-means with restarts: k-means++ starts, pruned Lloyd iterations, worse restarts given up early. */
import type { Matrix } from "../array.js";
import { DataError, said, UsageError } from "../errors.js";
import { random } from "../random.js";
import { alone, sumOf, type World } from "../world/index.js";
import { clusteringDefaults } from "./defaults.js";
import { matrixShape, type NearestCentroid, requireFinite } from "./nearest.js";
import { pointsOf } from "./points.js";
import { beginRefinement, type Refinement, refineOnce } from "./refine.js";
import { gatherRows } from "./rows.js";
import { searchOver } from "./search.js";
import { seedCentroids } from "./seeding.js";

/** How k-means is done. */
export interface KMeansOptions {
  /** Lloyd iterations at most; default 20, as the authors'. It stops earlier when nothing changes. */
  readonly iterations?: number;
  /** Starts tried, the lowest objective wins; default 5, as the authors'. */
  readonly restarts?: number;
  /** The same seed and points give the same clusters, bit for bit, with the same `nearest`. */
  readonly seed: number;
  readonly nearest: NearestCentroid;
  /** The processes that hold the points, each consecutive rows, process 0 the first; default: this one alone. */
  readonly world?: World | undefined;
}

/** What k-means has found. */
export interface KMeansResult {
  /** `[K', D]`, means of their points, not normalised; K' ≤ k. */
  readonly centroids: Matrix;
  /** The nearest centroid of each of this process's points. No cluster is without points. */
  readonly assignment: Int32Array;
  /** Distance (not squared) of each point to it. */
  readonly distance: Float64Array;
  /** Σ distance². */
  readonly objective: number;
  /** The winner's objective after its start and after each iteration: never rising. */
  readonly objectives: readonly number[];
  /** Points × centroids compared, over all restarts and processes: what pruning left of N · K · (iterations + 1) · restarts. */
  readonly comparisons: number;
  /** One sentence for each thing a user should know: fewer clusters than asked, and why. */
  readonly warnings: readonly string[];
}

/**
 * Clusters `points` into `k`.
 *
 * Restarts race: each gets a fifth of the iterations, then the better half (rounded up) goes on for another fifth, until one
 * runs to the end. Ranks after a few iterations foretell the final ones well, and a restart costs a fraction. Empty clusters
 * are re-seeded by splitting the largest (`refillEmpty`).
 *
 * Time O(N·K·D) an iteration at most, near the end far less; memory O(restarts · (N + K·D)).
 *
 * Several processes find what one would that had all points, in their order: they draw the same starts and add float64 sums up over
 * processes. Only how those are rounded differs, by 1e-16 of a sum: what could come of it is another winner of two restarts whose
 * objectives agree to 15 digits, a start point drawn across the border of two weights, a centroid that is rounded to the next
 * float32, and then a point that is equally far from two centroids.
 *
 * @param given - `[N, D]`, any finite numbers; of several processes this one's
 * @param k - clusters asked for, ≥ 1. If fewer points differ, one cluster for each distinct point, and a warning
 * @throws UsageError if k, iterations or restarts is not a positive integer; DataError if there are no points or one is not finite
 */
export async function kmeans(given: Matrix, k: number, options: KMeansOptions): Promise<KMeansResult> {
  const { iterations = clusteringDefaults.iterations, restarts = clusteringDefaults.restarts, seed, nearest } = options;
  const { world = alone } = options;
  requirePositive({ k, iterations, restarts });
  matrixShape(given, "k-means: points");
  const points = pointsOf(given, world);
  const { count } = points;
  if (count === 0) throw new DataError("too-few", "k-means: there are no points. Give at least one.");
  requireFinite(given, "k-means: points", points.from);

  const search = searchOver(points, nearest);
  const begun = await eachOf(Array.from({ length: restarts }).keys(), world, async (restart) => {
    const state = beginRefinement(await seedCentroids(points, k, random(seed, "centroids", restart), search), points);
    return { state, objectives: [state.objective] };
  });
  const perfect = begun.findIndex(({ state }) => state.objective === 0); // every distinct point is a centroid
  const all = perfect === -1 ? begun : begun.slice(0, perfect + 1);
  let racing = all;
  const heat = Math.ceil(iterations / 5);
  for (let done = 0; done < iterations; done += heat) {
    const end = Math.min(iterations, done + heat);
    await eachOf(racing, world, async ({ state, objectives }) => {
      for (let t = done; t < end && !state.settled; t++) {
        await refineOnce(state, points, search);
        objectives.push(state.objective);
      }
      if (end === iterations && state.sums.sizes.includes(0)) {
        await refineOnce(state, points, search); // one more, to split a large cluster into it
        objectives.push(state.objective);
      }
    });
    racing = racing.toSorted((a, b) => a.state.objective - b.state.objective).slice(0, Math.ceil(racing.length / 2));
  }
  const [{ state, objectives }] = racing;
  const { centroids, assignment } = withoutEmpty(state);
  const made = centroids.shape[0] ?? 0;
  const warnings = made < k ? [fewerClusters(k, made, count, state.objective)] : [];
  return {
    centroids,
    assignment,
    distance: state.distance,
    objective: state.objective,
    objectives,
    comparisons: sumOf(
      world,
      all.reduce((sum, run) => sum + run.state.comparisons, 0),
    ),
    warnings,
  };
}

/**
 * The same of each, whose searches may be under way at once: while one is answered another's results are taken in. What several
 * processes tell each other must be in one order, so there it is one after another.
 */
async function eachOf<T, R>(all: Iterable<T>, world: World, work: (one: T) => Promise<R>): Promise<readonly R[]> {
  if (world.size === 1) return Promise.all(Array.from(all, work));
  const done: R[] = [];
  for (const one of all) done.push(await work(one));
  return done;
}

function requirePositive(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new UsageError(
        "wrong-value",
        said`k-means: ${{ field: name }} is ${value}. Give a whole number of at least 1.`,
      );
    }
  }
}

function fewerClusters(asked: number, made: number, count: number, objective: number): string {
  const why = objective === 0 ? `no more of the ${count} points differ` : "the others stayed without points";
  return `${asked} ${asked === 1 ? "cluster was" : "clusters were"} asked for and ${made} made: ${why}. Ask for fewer clusters or give more varied points.`;
}

/** The clusters that have points, ids closed up. */
function withoutEmpty({ owner, centroids, sums: { sizes } }: Refinement): {
  centroids: Matrix;
  assignment: Int32Array;
} {
  if (!sizes.includes(0)) return { centroids, assignment: owner };
  const kept = [...sizes.keys()].filter((c) => sizes[c] > 0);
  const newId = new Map(kept.map((c, id) => [c, id]));
  return { centroids: gatherRows(centroids, kept), assignment: owner.map((c) => newId.get(c) ?? 0) };
}
