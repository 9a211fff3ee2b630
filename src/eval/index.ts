/**
 * How good an embedding is: weighted nearest-neighbour classification, agreement of clusters with classes, average precision of
 * multi-label scores, linear classifiers, and alarm numbers for collapse. Definitions are those of the papers and of scikit-learn, exact, in
 * float64 on typed arrays; only the similarities of kNN are an injected function (`MostSimilar`), so that a graph can do them.
 *
 * @module hcsc/eval
 */

export { type AlikePair, alikeGroups } from "./alike.js";
export { type AveragePrecisions, averagePrecisions, type ClassPrecisions } from "./averagePrecision.js";
export {
  classScores,
  type LinearClassifier,
  type MeanPrecisions,
  precisions,
  type RightShares,
  rightShares,
} from "./classification.js";
export { type ClusteringScores, clusteringScores } from "./clusteringScores.js";
export { dendrogramPurity } from "./dendrogramPurity.js";
export { type KnnOptions, type KnnResult, knnClassify, type LabelledFeatures } from "./knn.js";
export {
  type Annotations,
  classNames,
  inClassesOf,
  type Labelled,
  labelledAmong,
  labelsOf,
  type SingleTargets,
  singleLabelsOf,
  withoutLabels,
} from "./labels.js";
export { type MinimiseOptions, type Minimum, minimise, type Objective } from "./lbfgs.js";
export { fitLinear, type LinearFit, type LinearOptions, type LogisticObjective } from "./linear.js";
export {
  type BlockOptions,
  type MostSimilar,
  type Neighbours,
  nearestNeighbours,
  plainMostSimilar,
} from "./neighbours.js";
export { type EmbeddingSpread, embeddingSpread } from "./spread.js";
export { balancedSubset } from "./subset.js";
export { type Examples, examplesOf, type Targets, targetsOf } from "./targets.js";
