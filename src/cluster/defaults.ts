/** How the authors cluster, and what holds where a recipe or a caller says nothing. */
export const clusteringDefaults = {
  /** Lloyd iterations of k-means at most. */
  iterations: 20,
  /** Starts of k-means, of which the best is kept. */
  restarts: 5,
  /** ε of the concentration φ. */
  epsilon: 10,
  /** Images that a cluster must have to stay, where the variant drops small ones (the paper's). */
  minimumClusterSize: 10,
} as const;
