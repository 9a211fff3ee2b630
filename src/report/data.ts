/** What a report shows, as plain data: made from a run by `collect.ts`, drawn in the browser by `src/view`. */
import type { EpochMetric, StepMetric } from "../train/index.js";

/** All of a page's data. Ids of images are places in `images.names`. */
export interface ReportData {
  readonly run: RunFacts;
  readonly curves: Curves;
  /** Null while there is nothing to show yet (`hcsc watch` of a run without a report). */
  readonly images: ReportImages | null;
  readonly tree: Tree;
  /** Of weighted kNN on a held-out fifth; null without labels. */
  readonly confusion: Confusion | null;
}

export interface RunFacts {
  readonly name: string;
  readonly data: string;
  /** Of the whole data set. */
  readonly images: number;
  readonly started: string;
  /** Of the checkpoint shown; null before the first. */
  readonly epoch: number | null;
  readonly step: number | null;
  readonly epochs: number;
  /** ln(1 + Q): the loss of chance. */
  readonly chanceLoss: number;
  /** Where it was last started, and whether first runs there were compared with the CPU's; null of older runs. */
  readonly provider: string | null;
  /** Dotted field and value, in the order of the recipe. */
  readonly recipe: readonly (readonly [string, string])[];
  readonly versions: Readonly<Record<string, string>>;
}

export interface Curves {
  /** At most a few thousand: where there were more steps, each point is the mean of several. */
  readonly steps: readonly StepMetric[];
  readonly epochs: readonly EpochMetric[];
}

export interface ReportImages {
  readonly names: readonly string[];
  /** Class id of each image; null without labels. */
  readonly labels: readonly number[] | null;
  readonly classes: readonly string[] | null;
  /** Coarser levels of labels, from the finest of them on, each with the names of its ids; absent without any. */
  readonly coarser?: readonly { readonly labels: readonly number[]; readonly classes: readonly string[] }[];
  /** Cluster of each image at every level, finest first; empty without a tree. */
  readonly clusters: readonly (readonly number[])[];
  /** x, y of each image in the map, one after the other, within 0..1. */
  readonly map: readonly number[];
  readonly neighbours: Neighbours;
  readonly sheets: Sheets;
}

/** The most similar images of each image and their cosines, falling: `each` of each, itself left out. */
export interface Neighbours {
  readonly each: number;
  readonly ids: readonly number[] | Int32Array;
  readonly cosines: readonly number[] | Float32Array;
}

/** Thumbnails side by side on sheets: image i lies on sheet ⌊i / (columns·rows)⌋, row by row. */
export interface Sheets {
  /** Side of a thumbnail in pixels. */
  readonly tile: number;
  readonly columns: number;
  readonly rows: number;
  /** `data:image/webp;base64,…` */
  readonly urls: readonly string[];
}

/** The prototypes, or why there are none. */
export type Tree =
  | { readonly kind: "none"; readonly why: string }
  | { readonly kind: "levels"; readonly levels: readonly (readonly TreeNode[])[] };

/** One prototype; its id is its place in its level, finest level first. */
export interface TreeNode {
  /** Of the next level; null at the top. */
  readonly parent: number | null;
  /** Images of the report under it. */
  readonly size: number;
  readonly temperature: number;
  /** The report's images most similar to the prototype among those under it, falling. */
  readonly nearest: readonly number[];
  /** Images under it by class id; null without labels. */
  readonly mix: readonly number[] | null;
}

export interface Confusion {
  readonly k: number;
  /** Percent. */
  readonly top1: number;
  /** [true class][predicted class] counts. */
  readonly counts: readonly (readonly number[])[];
}
