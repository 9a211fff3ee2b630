/** Images with their vectors, and what is known of each, for a file. */
import type { DenseArray, Matrix } from "../../array.js";
import { hasHierarchy, learnedHierarchy } from "../../train/index.js";
import { alone, gatherToMain, type World } from "../../world/index.js";
import { type Encoder, encoderOf, type Learned } from "./encoder.js";
import { placesOf } from "./places.js";
import { readableVectors, type SeenImages } from "./vectors.js";

/** Images in order, and what is known of each; null where nothing is. */
export interface EmbeddingTable {
  readonly names: readonly string[];
  readonly vectors: Matrix;
  /** A class each, below 0 where it has none. */
  readonly labels: Int32Array | null;
  /** The classes that each shows. */
  readonly shown: readonly (readonly number[])[] | null;
  /** Names of classes by id. */
  readonly classes: readonly string[] | null;
  /** Ids at each level of the run's hierarchy, finest first. */
  readonly clusters: readonly Int32Array[] | null;
}

/** The backbone's features, for use, or the head's unit vectors, which training compares. */
export const layers = ["features", "embedding"] as const;
/** Which vectors of an encoder: the backbone's `features`, or the head's `embedding`. */
export type Layer = (typeof layers)[number];

/**
 * All images that can be read.
 *
 * @param query - the encoder that embeds
 * @param learned - in whose hierarchy they are placed, where it has one; null: none is asked for
 * @param world - processes that share the images: a call that all make, whose rows process 0 gets; default: this one alone
 */
export async function embeddingTable(
  query: Encoder,
  images: SeenImages,
  layer: Layer,
  learned: Learned | null,
  world: World = alone,
): Promise<EmbeddingTable> {
  const { source } = images;
  const { kept: own, [layer === "features" ? "features" : "embeddings"]: rows } = await readableVectors(
    query,
    images,
    undefined,
    world,
  );
  const places =
    learned && hasHierarchy(learned.checkpoint)
      ? await placesOf(encoderOf(learned, query.engine, "key"), learnedHierarchy(learned.checkpoint), images, own)
      : null;
  const kept = gatherToMain(world, own);
  return {
    names: Array.from(kept, source.name),
    vectors: { shape: [kept.length, rows.shape[1]], data: gatherToMain(world, rows.data) },
    labels: source.labels && picked(source.labels, kept),
    shown: source.multilabel && shownIn(source.multilabel, kept),
    classes: source.classes,
    clusters: places?.clusters.map((ids) => gatherToMain(world, ids)) ?? null,
  };
}

const picked = (ids: Int32Array, images: Int32Array): Int32Array => images.map((i) => ids[i]);

/** The classes that each image shows. */
const shownIn = ({ shape: [, classes], data }: DenseArray<Int8Array>, images: Int32Array) =>
  Array.from(images, (i) => Array.from({ length: classes }, (_, c) => c).filter((c) => data[i * classes + c] === 1));
