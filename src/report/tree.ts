/** The prototypes of a run with the images that stand under each. */
import type { Matrix } from "../array.js";
import type { Engine } from "../engine/index.js";
import { type LearnedLevel, placeInHierarchy } from "../train/index.js";
import type { Tree, TreeNode } from "./data.js";

/** Images shown of a prototype. */
const shown = 24;
/** Label counts of all prototypes together; of more, thousands of classes by thousands of prototypes, a page would grow too large. */
const mostCounts = 1e6;

/** One class an image: [N] ids, below 0 where there is none, and how many classes there are. */
export interface Labels {
  readonly ids: Int32Array;
  readonly classes: number;
}

/** The prototypes as a tree, and what stands where in it. */
export interface ClusteredTree {
  readonly tree: Tree;
  /** Cluster of each image at every level, finest first. */
  readonly clusters: readonly Int32Array[];
}

/**
 * Places images among the prototypes.
 *
 * @param levels - the run's hierarchy, finest level first
 * @param embeddings - [N, D], unit rows, of the key encoder
 * @param labels - null without
 */
export async function treeOf(
  engine: Engine,
  levels: readonly LearnedLevel[],
  embeddings: Matrix,
  labels: Labels | null,
): Promise<ClusteredTree> {
  const clusters = await placeInHierarchy(engine, levels, embeddings);
  const nodes = levels.reduce((n, level) => n + level.prototypes.shape[0], 0);
  const mixed = labels && labels.classes * nodes <= mostCounts ? labels : null;
  return {
    clusters,
    tree: {
      kind: "levels",
      levels: levels.map((level, l) => nodesOf(level, clusters[l], embeddings, mixed)),
    },
  };
}

function nodesOf(
  { prototypes, temperature, parent }: LearnedLevel,
  clusters: Int32Array,
  embeddings: Matrix,
  labels: Labels | null,
): TreeNode[] {
  const members = Array.from({ length: prototypes.shape[0] }, (): number[] => []);
  for (const [image, cluster] of clusters.entries()) members[cluster].push(image);
  return members.map((images, node) => {
    const cosines = new Map(images.map((image) => [image, product(embeddings, image, prototypes, node)]));
    const nearest = images.toSorted((a, b) => (cosines.get(b) as number) - (cosines.get(a) as number) || a - b);
    return {
      parent: parent ? parent[node] : null,
      size: images.length,
      temperature: temperature[node],
      nearest: nearest.slice(0, shown),
      mix: labels && mixOf(images, labels.ids, labels.classes),
    };
  });
}

function product(a: Matrix, row: number, b: Matrix, column: number): number {
  const width = a.shape[1];
  let sum = 0;
  for (let d = 0; d < width; d++) sum += a.data[row * width + d] * b.data[column * width + d];
  return sum;
}

function mixOf(images: readonly number[], labels: Int32Array, classes: number): number[] {
  const mix = Array<number>(classes).fill(0);
  for (const image of images) if (labels[image] >= 0) mix[labels[image]]++;
  return mix;
}
