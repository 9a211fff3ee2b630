/**
 * How well clusters agree with classes, by scikit-learn's definitions: natural logarithms, mutual information normalised by the
 * arithmetic mean of the entropies.
 */
import { type Contingency, contingency } from "./contingency.js";
import { expectedInformation } from "./expectedInformation.js";

/** Scores of a clustering; 1 is perfect. */
export interface ClusteringScores {
  /** Adjusted mutual information: (MI − E[MI]) / (mean entropy − E[MI]); about 0 for random clusters. */
  readonly ami: number;
  /** Normalised mutual information: MI / mean entropy. */
  readonly nmi: number;
  /** Adjusted Rand index (Hubert and Arabie 1985); about 0 for random clusters. */
  readonly ari: number;
  /** 1 − H(truth | cluster) / H(truth): each cluster holds one class. 1 if there is one class. */
  readonly homogeneity: number;
  /** 1 − H(cluster | truth) / H(cluster): each class lies in one cluster. 1 if there is one cluster. */
  readonly completeness: number;
  /** Harmonic mean of homogeneity and completeness. */
  readonly vMeasure: number;
  /** Share of points in the largest class of their cluster. Rises with the number of clusters. */
  readonly purity: number;
}

/**
 * Compares clusters with classes. Ids are names: any relabelling gives the same scores.
 *
 * @param truth - `[N]` class ids, N ≥ 1
 * @param clusters - `[N]` cluster ids
 * @throws DataError if they differ in length or are empty
 */
export function clusteringScores(truth: ArrayLike<number>, clusters: ArrayLike<number>): ClusteringScores {
  const table = contingency(truth, clusters);
  const { classSizes, clusterSizes, cells, total } = table;
  const purity = largestInColumn(table).reduce((sum, count) => sum + count, 0) / total;
  // Identical partitions, where the formulas may divide 0 by 0.
  if (cells.length === classSizes.length && cells.length === clusterSizes.length) {
    return { ami: 1, nmi: 1, ari: 1, homogeneity: 1, completeness: 1, vMeasure: 1, purity };
  }
  const information = mutualInformation(table);
  const classEntropy = entropy(classSizes, total);
  const clusterEntropy = entropy(clusterSizes, total);
  const meanEntropy = (classEntropy + clusterEntropy) / 2;
  const homogeneity = classEntropy > 0 ? information / classEntropy : 1;
  const completeness = clusterEntropy > 0 ? information / clusterEntropy : 1;
  const both = homogeneity + completeness;
  return {
    ami: adjusted(information, expectedInformation(table), meanEntropy),
    nmi: information / meanEntropy,
    ari: adjustedRand(table),
    homogeneity,
    completeness,
    vMeasure: both > 0 ? (2 * homogeneity * completeness) / both : 0,
    purity,
  };
}

/** Σ n_ij/N · ln(N n_ij / (a_i b_j)), not below 0. */
function mutualInformation({ cells, classSizes, clusterSizes, total }: Contingency): number {
  let sum = 0;
  for (const { row, column, count } of cells) {
    sum += (count / total) * Math.log((total * count) / (classSizes[row] * clusterSizes[column]));
  }
  return Math.max(0, sum);
}

/** −Σ p ln p. */
function entropy(sizes: readonly number[], total: number): number {
  return sizes.reduce((sum, size) => sum - (size / total) * Math.log(size / total), 0);
}

/** scikit-learn's: a denominator near 0 keeps its sign and 2⁻⁵² of size. */
function adjusted(value: number, expected: number, most: number): number {
  const range = most - expected;
  return (value - expected) / (range < 0 ? Math.min(range, -Number.EPSILON) : Math.max(range, Number.EPSILON));
}

/** Pairs together in both partitions, compared with their number under chance. */
function adjustedRand({ cells, classSizes, clusterSizes, total }: Contingency): number {
  const pairs = (n: number) => (n * (n - 1)) / 2;
  const together = cells.reduce((sum, { count }) => sum + pairs(count), 0);
  const inClasses = classSizes.reduce((sum, size) => sum + pairs(size), 0);
  const inClusters = clusterSizes.reduce((sum, size) => sum + pairs(size), 0);
  const expected = (inClasses * inClusters) / pairs(total);
  const most = (inClasses + inClusters) / 2;
  return most === expected ? 1 : (together - expected) / (most - expected);
}

function largestInColumn({ cells, clusterSizes }: Contingency): number[] {
  const largest = clusterSizes.map(() => 0);
  for (const { column, count } of cells) largest[column] = Math.max(largest[column], count);
  return largest;
}
