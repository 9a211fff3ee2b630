/** Images that are alike by the cosine of an encoder's features. */
import type { Matrix } from "../array.js";
import { unitRows } from "../cluster/index.js";
import type { OpenImages } from "../data/index.js";
import { similarityOn } from "../engine/index.js";
import { alikeGroups, nearestNeighbours } from "../eval/index.js";
import { type Encoder, readableVectors } from "./embeddings/index.js";

/** Images by name, with their features as unit rows. */
export interface NamedFeatures {
  readonly names: readonly string[];
  readonly features: Matrix;
}

/** Those of a set that can be read. */
export async function namedFeatures(encoder: Encoder, images: OpenImages): Promise<NamedFeatures> {
  const { features, kept } = await readableVectors(encoder, images);
  return { names: Array.from(kept, images.source.name), features: unitRows(features) };
}

/** An image, and those most alike to it. */
export interface MostAlike {
  readonly image: string;
  /** The most alike first. */
  readonly neighbors: readonly { readonly name: string; readonly cosine: number }[];
}

/**
 * The images of `held` most alike to each of `asked`.
 *
 * @param most - how many for each
 * @param least - cosines below it are left out
 */
export async function mostAlike(
  { engine }: Pick<Encoder, "engine">,
  asked: NamedFeatures,
  held: NamedFeatures,
  most: number,
  least = -2,
): Promise<readonly MostAlike[]> {
  const count = Math.min(most, held.names.length);
  const blocks = { mostSimilar: await similarityOn(engine) };
  const { ids, similarity } = await nearestNeighbours(asked.features, held.features, count, blocks);
  return asked.names.map((image, q) => ({
    image,
    neighbors: Array.from({ length: count }, (_, i) => ({
      name: held.names[ids[q * count + i]],
      cosine: similarity[q * count + i],
    })).filter((found) => found.cosine >= least),
  }));
}

/** Images that are nearly the same. */
export interface AlikeImages {
  /** Indices in their set, rising. */
  readonly images: readonly number[];
  /** Of the two most alike. */
  readonly cosine: number;
}

/**
 * Groups of images joined by cosines of at least `threshold`, the most alike first.
 *
 * @returns with the number of images that could be read
 */
export async function alikeImages(
  encoder: Encoder,
  images: OpenImages,
  threshold: number,
): Promise<{ readonly groups: readonly AlikeImages[]; readonly images: number }> {
  const { features, kept } = await readableVectors(encoder, images);
  const blocks = { mostSimilar: await similarityOn(encoder.engine) };
  const found = await alikeGroups(unitRows(features), threshold, blocks);
  const groups = found
    .map(({ members, closest }) => ({ images: members.map((row) => kept[row]), cosine: closest.cosine }))
    .sort((a, b) => b.cosine - a.cosine);
  return { groups, images: kept.length };
}
