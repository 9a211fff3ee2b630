/** The vectors that a run's encoder gives images, of those that can be read. */
import type { DenseArray } from "../array.js";
import { gatherRows, unitRows } from "../cluster/index.js";
import type { ImageSource } from "../data/index.js";
import { DataError } from "../errors.js";
import type { LabelledFeatures } from "../eval/index.js";
import type { Recipe } from "../recipe/index.js";
import type { Engine } from "../runtime/index.js";
import { type Embedded, embedImages } from "../train/index.js";
import { everyIndex, type ImageSession } from "./session.js";

type Weights = Readonly<Record<string, DenseArray>>;
type Images = Omit<ImageSession, "engine">;

/** Features and embeddings as they are, and the index of each row's image. */
export async function readableVectors(
  engine: Engine,
  recipe: Recipe,
  weights: Weights,
  { source, loader }: Images,
): Promise<Embedded & { readonly kept: Int32Array }> {
  const made = await embedImages(engine, loader, recipe, weights, everyIndex(source.count));
  const kept = everyIndex(source.count).filter((i) => !loader.broken.has(i));
  return { features: gatherRows(made.features, kept), embeddings: gatherRows(made.embeddings, kept), kept };
}

/** The backbone's features as unit rows, with labels and, where these have names, the classes. */
export interface ClassFeatures extends LabelledFeatures {
  readonly classes: readonly string[] | null;
}

/** Why a set cannot be compared with one class an image. @param name - what the command line calls it */
export const withoutLabels = ({ multilabel }: ImageSource, name: string): DataError =>
  new DataError(
    multilabel
      ? `the ${name} images carry several labels each, this takes one: use hcsc eval transfer`
      : `the ${name} images have no labels: give class folders, or a list with labels (see --help)`,
  );

/** @param name - what the command line calls these images */
export async function labelledFeatures(
  engine: Engine,
  recipe: Recipe,
  weights: Weights,
  images: Images,
  name: string,
): Promise<ClassFeatures> {
  const { labels, classes } = images.source;
  if (!labels) throw withoutLabels(images.source, name);
  const { features, kept } = await readableVectors(engine, recipe, weights, images);
  return { features: unitRows(features), labels: Int32Array.from(kept, (i) => labels[i]), classes };
}

/**
 * `test` with the class ids of `train`: a set numbers the folders that it has, so that one that lacks a class numbers the rest
 * otherwise.
 *
 * @throws DataError if a class of `test` is none of `train`'s
 */
export function inClassesOf(train: ClassFeatures, test: ClassFeatures): ClassFeatures {
  const [known, own] = [train.classes, test.classes];
  if (!known || !own) return test;
  const ids = own.map((name) => known.indexOf(name));
  const unknown = own.filter((_, i) => ids[i] === -1);
  if (unknown.length > 0)
    throw new DataError(
      `the --test images have classes that the --data images lack: ${unknown.join(", ")}. The classes of --data are ${known.join(", ")}`,
    );
  return { ...test, labels: test.labels.map((label) => ids[label]), classes: known };
}
