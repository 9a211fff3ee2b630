/** The vectors that an encoder gives images, of those that can be read. */
import { everyIndex } from "../../array.js";
import { gatherRows } from "../../cluster/index.js";
import type { OpenImages } from "../../data/index.js";
import { labelledAmong, type Targets } from "../../eval/index.js";
import { type Embedded, embedImages } from "../../train/index.js";
import { alone, ownRange, type World } from "../../world/index.js";
import type { Encoder } from "./encoder.js";

/** Images as an encoder is given them. */
export type SeenImages = Pick<OpenImages, "source" | "loader" | "progress">;

/**
 * Features and embeddings as they are, and the index of each row's image.
 *
 * @param labelled - where given, images without a label are left out
 * @param world - processes that share the images, each of which makes consecutive rows, process 0 the first; default: this one alone
 */
export async function readableVectors(
  { engine, recipe, weights }: Encoder,
  { source, loader, progress }: SeenImages,
  labelled?: Targets,
  world: World = alone,
): Promise<Embedded & { readonly kept: Int32Array }> {
  const every = everyIndex(source.count);
  const all = labelled ? labelledAmong(labelled, every) : every;
  const { from, to } = ownRange(all.length, world);
  const wanted = all.subarray(from, to);
  const made = await embedImages(engine, loader, recipe, weights, wanted, (done) =>
    progress("embedding", Math.min(all.length, done * world.size), all.length),
  );
  const rows = everyIndex(wanted.length).filter((row) => !loader.broken.has(wanted[row]));
  return {
    features: gatherRows(made.features, rows),
    embeddings: gatherRows(made.embeddings, rows),
    kept: rows.map((row) => wanted[row]),
  };
}
