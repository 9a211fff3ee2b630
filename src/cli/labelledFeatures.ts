/** The backbone's features of labelled images that can be read, as unit rows. */
import type { DenseArray } from "../array.js";
import { gatherRows, unitRows } from "../cluster/index.js";
import { DataError } from "../errors.js";
import type { LabelledFeatures } from "../eval/index.js";
import type { Recipe } from "../recipe/index.js";
import type { Engine } from "../runtime/index.js";
import { embedImages } from "../train/index.js";
import { everyIndex, type ImageSession } from "./session.js";

/** @param name - what the command line calls these images */
export async function labelledFeatures(
  engine: Engine,
  recipe: Recipe,
  weights: Readonly<Record<string, DenseArray>>,
  { source, loader }: Omit<ImageSession, "engine">,
  name: string,
): Promise<LabelledFeatures> {
  const { labels, count } = source;
  if (!labels) throw new DataError(`the ${name} images have no labels: give class folders or a labels file`);
  const { features } = await embedImages(engine, loader, recipe, weights, everyIndex(count));
  const kept = everyIndex(count).filter((i) => !loader.broken.has(i));
  return { features: unitRows(gatherRows(features, kept)), labels: Int32Array.from(kept, (i) => labels[i]) };
}
