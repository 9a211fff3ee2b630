/** The vectors that a run's encoder gives images, of those that can be read. */
import type { DenseArray } from "../array.js";
import { gatherRows } from "../cluster/index.js";
import type { Recipe } from "../recipe/index.js";
import type { Engine } from "../runtime/index.js";
import { type Embedded, embedImages } from "../train/index.js";
import { everyIndex, type ImageSession } from "./session.js";

/** An encoder's tensors by torchvision name. */
export type Weights = Readonly<Record<string, DenseArray>>;
type Images = Omit<ImageSession, "engine">;

/** Features and embeddings as they are, and the index of each row's image. */
export async function readableVectors(
  engine: Engine,
  recipe: Recipe,
  weights: Weights,
  { source, loader, progress }: Images,
): Promise<Embedded & { readonly kept: Int32Array }> {
  const made = await embedImages(engine, loader, recipe, weights, everyIndex(source.count), (done) =>
    progress("embedding", done, source.count),
  );
  const kept = everyIndex(source.count).filter((i) => !loader.broken.has(i));
  return { features: gatherRows(made.features, kept), embeddings: gatherRows(made.embeddings, kept), kept };
}
