/** How well clusters of an encoder's features agree with labels. */
import type { Matrix } from "../array.js";
import { hierarchy, kmeans, unitRows } from "../cluster/index.js";
import type { OpenImages } from "../data/index.js";
import { type Encoder, readableVectors } from "../encoder/index.js";
import { nearestCentroidOn } from "../engine/index.js";
import { type ClusteringScores, clusteringScores, dendrogramPurity, withoutLabels } from "../eval/index.js";
import { clusterEmbeddings } from "../train/index.js";

/** Scores against one level of labels. */
export interface Agreement extends ClusteringScores {
  readonly clusters: number;
  /** Level of the data's labels, finest first. */
  readonly labels: number;
}

/** How well clusters agree with labels: flat ones, a hierarchy, and all of the hierarchy together. */
export interface ClusterAgreement {
  readonly images: number;
  readonly labelLevels: number;
  /** Of k-means, by level of labels. */
  readonly flat: readonly Agreement[];
  readonly hierarchy: readonly (Agreement & { readonly level: number })[];
  readonly dendrogramPurity: number;
}

/** How features are clustered to be held against labels. */
export interface ClusterOptions {
  readonly seed: number;
  /** Of the flat k-means; default: as many as classes. */
  readonly clusters?: number | undefined;
  /** Of the hierarchy, finest first; default: the recipe's. */
  readonly levels?: readonly number[] | undefined;
}

/** Clusters labelled images, flat and as a hierarchy. @throws DataError if they have no single labels */
export async function clusterAgreement(
  encoder: Encoder,
  images: OpenImages,
  options: ClusterOptions,
): Promise<ClusterAgreement> {
  const { source } = images;
  const labels = source.hierarchy ?? (source.labels && [source.labels]);
  if (!labels) throw withoutLabels(source, images.called);
  const { features, kept } = await labelledVectors(encoder, images, labels[0]);
  const truth = labels.map((level) => kept.map((i) => level[i]));
  return scores(encoder, unitRows(features), truth, options);
}

const labelledVectors = (encoder: Encoder, images: OpenImages, labels: Int32Array) =>
  readableVectors(encoder, images, { kind: "single", classes: 1, labels });

async function scores(
  { engine, recipe }: Encoder,
  points: Matrix,
  truth: readonly Int32Array[],
  { seed, clusters: flat, levels: asked }: ClusterOptions,
): Promise<ClusterAgreement> {
  const nearest = await nearestCentroidOn(engine);
  const { iterations, restarts, minimumClusterSize, temperature, smoothing, variant } = recipe.method;
  const common = { iterations, restarts, seed, nearest };
  const against = (assignment: Int32Array): Agreement[] =>
    truth.map((labels, level) => ({
      clusters: new Set(assignment).size,
      labels: level,
      ...clusteringScores(labels, assignment),
    }));
  const { assignment } = await kmeans(points, flat ?? new Set(truth[0]).size, common);
  const clusters = asked ?? recipe.method.clusters;
  const method = { clusters, temperature, epsilon: smoothing, variant, minimumClusterSize };
  const levels = clusters.length === 0 ? [] : (await hierarchy(points, { ...method, ...common })).levels;
  const owners = levels.map((level) => level.assignment);
  return {
    images: points.shape[0],
    labelLevels: truth.length,
    flat: against(assignment),
    hierarchy: owners.flatMap((owner, level) => against(owner).map((a) => ({ level, ...a }))),
    dendrogramPurity: dendrogramPurity(truth[0], owners),
  };
}

/**
 * Adjusted mutual information of labels and the finest level of the recipe's clusters: level 1 of {@link clusterAgreement}.
 *
 * @returns null where the recipe has no levels, or the images no single labels
 */
export async function finestAmi(encoder: Encoder, images: OpenImages, seed = 0): Promise<number | null> {
  const { labels } = images.source;
  if (encoder.recipe.method.clusters.length === 0 || !labels) return null;
  const { features, kept } = await labelledVectors(encoder, images, labels);
  const { assignments } = await clusterEmbeddings(encoder.engine, encoder.recipe, unitRows(features), seed);
  const truth = kept.map((i) => labels[i]);
  return clusteringScores(truth, assignments[0]).ami;
}
