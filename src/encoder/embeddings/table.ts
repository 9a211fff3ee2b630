/** Images with their vectors, and what is known of each, for a file. */
import type { DenseArray, Matrix } from "../../array.js";
import { hasHierarchy, learnedHierarchy } from "../../train/index.js";
import { type Encoder, encoderOf, type Trained } from "./encoder.js";
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
 * @param trained - the run in whose hierarchy they are placed, where it has one; null: none is asked for
 */
export async function embeddingTable(
  query: Encoder,
  images: SeenImages,
  layer: Layer,
  trained: Trained | null,
): Promise<EmbeddingTable> {
  const { source } = images;
  const places =
    trained && hasHierarchy(trained.checkpoint)
      ? await placesOf(encoderOf(trained, query.engine, "key"), learnedHierarchy(trained.checkpoint), images)
      : null;
  const { kept, features, embeddings } = await readableVectors(query, images);
  return {
    names: Array.from(kept, source.name),
    vectors: layer === "features" ? features : embeddings,
    labels: source.labels && picked(source.labels, kept),
    shown: source.multilabel && shownIn(source.multilabel, kept),
    classes: source.classes,
    clusters: places?.clusters.map((ids) => picked(ids, kept)) ?? null,
  };
}

const picked = (ids: Int32Array, images: Int32Array): Int32Array => images.map((i) => ids[i]);

/** The classes that each image shows. */
const shownIn = ({ shape: [, classes], data }: DenseArray<Int8Array>, images: Int32Array) =>
  Array.from(images, (i) => Array.from({ length: classes }, (_, c) => c).filter((c) => data[i * classes + c] === 1));
