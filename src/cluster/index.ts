/**
 * The clustering stage: k-means, the hierarchy of prototypes over a training set, and the concentrations that become their
 * temperatures. Typed arrays in and out, usable without training. The one heavy operation, the nearest centroid of each point,
 * is a function the caller gives (`NearestCentroid`): an ONNX graph, or `plainNearest` for small data and tests. Everything is
 * deterministic for a seed. Degenerate data (few points, duplicates, no variance) gives fewer clusters and a warning as data.
 *
 * @module hcsc/cluster
 */

export { concentration, distancesTo } from "./concentration.js";
export { clusteringDefaults } from "./defaults.js";
export {
  composeAssignments,
  type Hierarchy,
  type HierarchyOptions,
  hierarchy,
  type Level,
} from "./hierarchy.js";
export { type KMeansOptions, type KMeansResult, kmeans } from "./kmeans.js";
export { type LloydResult, lloyd, objectiveOf } from "./lloyd.js";
export { type Nearest, type NearestCentroid, plainNearest } from "./nearest.js";
export { type PaddedLevel, padHierarchy } from "./pad.js";
export { gatherRows, similarities, unitRows } from "./rows.js";
