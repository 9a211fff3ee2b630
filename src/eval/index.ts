/**
 * How good an embedding is: weighted nearest-neighbour classification, agreement of clusters with classes, average precision of
 * multi-label scores, and alarm numbers for collapse. Definitions are those of the papers and of scikit-learn, exact, in
 * float64 on typed arrays; only the similarities of kNN are an injected function (`MostSimilar`), so that a graph can do them.
 */

export { type AveragePrecisions, averagePrecisions, type ClassPrecisions } from "./averagePrecision.js";
export { type ClusteringScores, clusteringScores } from "./clusteringScores.js";
export { dendrogramPurity } from "./dendrogramPurity.js";
export { type KnnOptions, type KnnResult, knnClassify, type LabelledFeatures } from "./knn.js";
export { type MinimiseOptions, type Minimum, minimise, type Objective } from "./lbfgs.js";
export {
  type LinearClassifier,
  type LinearOptions,
  type LinearResult,
  type LogisticObjective,
  linearProbe,
} from "./linear.js";
export {
  type BlockOptions,
  type MostSimilar,
  type Neighbours,
  nearestNeighbours,
  plainMostSimilar,
} from "./neighbours.js";
export { type EmbeddingSpread, embeddingSpread } from "./spread.js";
