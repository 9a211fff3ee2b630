/**
 * How good an encoder is, by the field's protocols on labelled images: kNN, linear classifiers and fine-tuning, few labels, clusters.
 *
 * @module hcsc/protocols
 */
export { type Learned, type Lesson, learnBySgd, learnFast, type Measured, measure } from "./classifiers.js";
export { type Agreement, type ClusterAgreement, type ClusterOptions, clusterAgreement, finestAmi } from "./clusters.js";
export { doubts, trainedOn } from "./doubts.js";
export {
  type FewLabelsAccuracy,
  type FewLabelsResult,
  type FewLabelsSettings,
  fewLabels,
} from "./fewLabels.js";
export { type KnnAccuracy, knnAccuracy } from "./knn.js";
export type { LabelledPart } from "./labelledPart.js";
export type { Opening } from "./opening.js";
export { storedKnn } from "./storedKnn.js";
