/** All of a report's data from a run and its images. */
import type { Matrix } from "../array.js";
import { gatherRows, unitRows } from "../cluster/index.js";
import type { ImageSource, Loader } from "../data/index.js";
import { type Engine, similarityOn } from "../engine/index.js";
import { counted } from "../text.js";
import {
  type Checkpoint,
  type Embedded,
  embedImages,
  encoderWeights,
  learnedHierarchy,
  type RunFolder,
} from "../train/index.js";
import { confusionOf } from "./confusion.js";
import { curvesOf } from "./curves.js";
import type { Neighbours, ReportData, ReportImages } from "./data.js";
import { factsOf } from "./facts.js";
import { mapNeighbours, mapOf } from "./map.js";
import { sampled } from "./sample.js";
import { mostSimilarOthers, type Similar } from "./similar.js";
import { type SheetMaker, thumbnails } from "./thumbnails.js";
import { type ClusteredTree, type Labels, treeOf } from "./tree.js";

export interface CollectOptions {
  readonly run: RunFolder;
  readonly checkpoint: Checkpoint;
  readonly engine: Engine;
  readonly source: ImageSource;
  readonly loader: Loader;
  /** At most so many are shown, drawn by the recipe's seed. */
  readonly images: number;
  readonly progress: (stage: string, done: number, total: number) => void;
}

/** Neighbours shown of an image. */
const neighboursShown = 12;
/** Bytes of the finished page, which mail and phones take; and what of them is for the page's own script and style. */
const mostBytes = 15e6;
const pageBytes = 1.5e6;

/** What a run has learned, without pictures. */
export interface Learned {
  readonly data: Omit<ReportData, "images"> & { readonly images: Omit<ReportImages, "sheets"> };
  /** Places in the source of the images shown. */
  readonly kept: Int32Array;
}

/**
 * All of a report's data.
 *
 * @throws DataError if so many images do not fit a page
 */
export async function collect(options: CollectOptions & { readonly sheets: SheetMaker }): Promise<ReportData> {
  const { data, kept } = await learned(options);
  const left = mostBytes - pageBytes - new TextEncoder().encode(JSON.stringify(data)).length;
  const told = (done: number): void => options.progress("thumbnails", done, kept.length);
  const sheets = await thumbnails(options.source, kept, left, options.sheets, told);
  return { ...data, images: { ...data.images, sheets } };
}

/**
 * Map, neighbours and confusion see the features of the query backbone, as its users do; the tree sees the embeddings of the key
 * encoder, of which its prototypes are made. Images that cannot be read are left out.
 */
export async function learned(options: CollectOptions): Promise<Learned> {
  const { run, checkpoint, engine, source, progress } = options;
  const { seed } = run.description.recipe;
  const { kept, features } = await readableFeatures(options);
  const labels = labelsOf(source, kept);
  const { tree, clusters } = await clusteredTree(options, kept, labels);
  const mostSimilar = await similarityOn(engine);
  const confusion = labels && (await confusionOf(features, labels, seed, mostSimilar));
  const similar = await mostSimilarOthers(features, mapNeighbours, mostSimilar, (done) =>
    progress("neighbours", done, kept.length),
  );
  const map = await mapOf(features, similar, seed, progress);
  const images: Omit<ReportImages, "sheets"> = {
    names: Array.from(kept, source.name),
    ...shownLabels(labels, source.classes),
    ...(labels && source.hierarchy ? { coarser: coarserOf(source, kept) } : {}),
    clusters: clusters.map((ids) => Array.from(ids)),
    map,
    neighbours: firstOf(similar, neighboursShown),
  };
  const curves = curvesOf(await run.metrics());
  return { kept, data: { run: factsOf(run, checkpoint), curves, images, tree, confusion } };
}

/** The images of the sample that can be read, and their features as unit rows. */
async function readableFeatures(
  options: CollectOptions,
): Promise<{ readonly kept: Int32Array; readonly features: Matrix }> {
  const { run, source, loader, images } = options;
  const chosen = sampled(source.count, images, run.description.recipe.seed);
  const { features } = await embedded(options, "query", chosen);
  const rows = Int32Array.from(chosen.keys()).filter((row) => !loader.broken.has(chosen[row]));
  return { kept: rows.map((row) => chosen[row]), features: unitRows(gatherRows(features, rows)) };
}

const embedded = (
  { run, checkpoint, engine, loader, progress }: CollectOptions,
  which: "query" | "key",
  of: Int32Array,
): Promise<Embedded> =>
  embedImages(engine, loader, run.description.recipe, encoderWeights(checkpoint, which), of, (done) =>
    progress(`embedding, ${which} encoder`, done, of.length),
  );

function labelsOf({ labels, classes }: ImageSource, kept: Int32Array): Labels | null {
  if (!labels) return null;
  return {
    ids: kept.map((i) => labels[i]),
    classes: classes?.length ?? 1 + labels.reduce((m, l) => Math.max(m, l), 0),
  };
}

/** Labels as the page takes them: images without one are a class of their own, where there are any. */
function shownLabels(
  labels: Labels | null,
  classes: readonly string[] | null,
): Pick<ReportImages, "labels" | "classes"> {
  if (!labels) return { labels: null, classes: null };
  if (!labels.ids.includes(-1)) return { labels: Array.from(labels.ids), classes };
  const names = classes ?? Array.from({ length: labels.classes }, (_, id) => `class ${id}`);
  return { labels: Array.from(labels.ids, (id) => (id < 0 ? labels.classes : id)), classes: [...names, "no label"] };
}

/** The levels of labels above the finest. A coarse class goes by what the names of its classes begin with alike, else by its number. */
function coarserOf({ classes, labels, hierarchy }: ImageSource, kept: Int32Array) {
  return (hierarchy ?? []).slice(1).map((level) => {
    const members = new Map<number, string[]>();
    for (const [i, id] of level.entries()) {
      const name = labels && labels[i] >= 0 ? classes?.[labels[i]] : undefined;
      if (id >= 0 && name !== undefined) members.set(id, [...new Set([...(members.get(id) ?? []), name])]);
    }
    const count = 1 + level.reduce((most, id) => Math.max(most, id), 0);
    return {
      labels: Array.from(kept, (i) => level[i]),
      classes: Array.from({ length: count }, (_, id) => sharedFolders(members.get(id) ?? []) || `class ${id}`),
    };
  });
}

/** The folders with which all paths begin. */
function sharedFolders(paths: readonly string[]): string {
  const parts = paths.map((path) => path.split("/"));
  const first = parts[0]?.slice(0, -1) ?? [];
  const differs = first.findIndex((part, depth) => parts.some((other) => other[depth] !== part));
  return first.slice(0, differs === -1 ? first.length : differs).join("/");
}

async function clusteredTree(options: CollectOptions, kept: Int32Array, labels: Labels | null): Promise<ClusteredTree> {
  const { run, checkpoint, engine } = options;
  if (checkpoint.assignments.length === 0) return { tree: { kind: "none", why: unclustered(run) }, clusters: [] };
  const { embeddings } = await embedded(options, "key", kept);
  return treeOf(engine, learnedHierarchy(checkpoint), embeddings, labels);
}

function unclustered({ description }: RunFolder): string {
  const { clusters, warmupEpochs } = description.recipe.method;
  return clusters.length === 0
    ? "The recipe has no clusters (method.clusters)."
    : `The run has not come to its first clustering, which is after ${counted(warmupEpochs, "epoch")} (method.warmupEpochs).`;
}

const decimals = 1e4;

/** The first `most` neighbours of each image, as they are written. */
function firstOf(similar: Similar, most: number): Neighbours {
  const each = Math.min(most, similar.each);
  const first = <T>(list: ArrayLike<number>, as: (value: number) => T): T[] =>
    Array.from(list).flatMap((value, at) => (at % similar.each < each ? [as(value)] : []));
  return {
    each,
    ids: first(similar.ids, (id) => id),
    cosines: first(similar.cosines, (cosine) => Math.round(decimals * cosine) / decimals),
  };
}
