/** The vectors that a run's encoder gives images, of those that can be read. */
import type { DenseArray } from "../array.js";
import { gatherRows } from "../cluster/index.js";
import type { Targets } from "../eval/index.js";
import type { Recipe } from "../recipe/index.js";
import type { Engine } from "../runtime/index.js";
import { type Embedded, embedImages } from "../train/index.js";
import { labelledAmong } from "./labels.js";
import { everyIndex, type ImageSession } from "./session.js";

/** An encoder's tensors by torchvision name. */
export type Weights = Readonly<Record<string, DenseArray>>;
type Images = Omit<ImageSession, "engine">;

/**
 * Features and embeddings as they are, and the index of each row's image.
 *
 * @param labelled - where given, images without a label are left out
 */
export async function readableVectors(
  engine: Engine,
  recipe: Recipe,
  weights: Weights,
  { source, loader, progress }: Images,
  labelled?: Targets,
): Promise<Embedded & { readonly kept: Int32Array }> {
  const every = everyIndex(source.count);
  const wanted = labelled ? labelledAmong(labelled, every) : every;
  const made = await embedImages(engine, loader, recipe, weights, wanted, (done) =>
    progress("embedding", done, wanted.length),
  );
  const rows = Int32Array.from(wanted.keys()).filter((row) => !loader.broken.has(wanted[row]));
  return {
    features: gatherRows(made.features, rows),
    embeddings: gatherRows(made.embeddings, rows),
    kept: rows.map((row) => wanted[row]),
  };
}
