/**
 * How tight each cluster is, as a temperature (PCL, Li et al. 2021, eq. 12; HCSC's `density`):
 *
 *     φ_c = Σ_{z ∈ Z_c} ‖z − c‖₂ / ( n · ln(n + ε) ),   n = |Z_c|
 *
 * A cluster with fewer than two members takes the level's largest φ. φ is clipped to its 10th..90th percentile and scaled to
 * mean T.
 */
import type { Matrix } from "../array.js";
import { alone, type World } from "../world/index.js";
import { clusteringDefaults } from "./defaults.js";
import { squaredDistance } from "./nearest.js";

/** The temperature 1e-3 at the default T = 0.2, the floor the authors put into their selection. */
const smallestShareOfMean = 1 / 200;

/**
 * Temperatures of `clusters` clusters.
 *
 * A cluster of identical points would have temperature 0 and infinite logits: φ is kept at 1/200 of its mean at least, and if
 * every φ is 0 (no cluster has two different members) every temperature is T. Else as the authors compute it.
 *
 * @param distances - of each member to its cluster's centre, not squared
 * @param owner - each member's cluster
 * @param clusters - how many
 * @param options - `temperature`: T, their mean; `epsilon`: ε, smooths small clusters; default 10, as the authors'; `world`: the
 *   processes whose members they are, of which this one gives its own; default: this one alone
 * @returns `[clusters]`, positive, mean T
 */
export function concentration(
  distances: ArrayLike<number>,
  owner: Int32Array,
  clusters: number,
  {
    temperature,
    epsilon = clusteringDefaults.epsilon,
    world = alone,
  }: { readonly temperature: number; readonly epsilon?: number; readonly world?: World },
): Float32Array {
  const sums = new Float64Array(clusters);
  const sizes = new Int32Array(clusters);
  for (let i = 0; i < owner.length; i++) {
    sums[owner[i]] += distances[i];
    sizes[owner[i]]++;
  }
  world.reduce("sum", sums);
  world.reduce("sum", sizes);
  const spread = sums.map((sum, c) => (sizes[c] > 1 ? sum / (sizes[c] * Math.log(sizes[c] + epsilon)) : 0));
  const largest = spread.reduce((a, b) => Math.max(a, b), 0);
  if (largest === 0) return new Float32Array(clusters).fill(temperature);
  const filled = spread.map((value, c) => (sizes[c] > 1 ? value : largest));
  const low = percentile(filled, 10);
  const high = percentile(filled, 90);
  const clipped = filled.map((value) => Math.min(Math.max(value, low), high));
  const floor = mean(clipped) * smallestShareOfMean;
  if (floor === 0) return new Float32Array(clusters).fill(temperature);
  const positive = clipped.map((value) => Math.max(value, floor));
  const scale = temperature / mean(positive);
  return Float32Array.from(positive, (value) => value * scale);
}

/** Distance (not squared) of each point to the centre `owner` names. */
export function distancesTo(points: Matrix, centres: Matrix, owner: Int32Array): Float64Array {
  return Float64Array.from(owner, (c, i) => Math.sqrt(squaredDistance(points, i, centres, c)));
}

/** NumPy's percentile: linear between order statistics at position (n − 1)·p/100. */
function percentile(values: Float64Array, p: number): number {
  const sorted = values.toSorted();
  const position = ((sorted.length - 1) * p) / 100;
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (position - below);
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
