/**
 * What the page that trains and its worker say to each other. The page shows; the worker opens images, trains, reports and keeps the
 * run. Pictures go as URLs of the worker's (`blob:`), which are good in the page as long as the worker lives.
 */
import type { ReportData } from "../report/index.js";
import type { StepMetric } from "../train/index.js";

/** A file that a person gave, with its path from the folder that was given on: `photos/cats/1.jpg`. */
export interface GivenFile {
  readonly path: string;
  readonly file: File;
}

/** Where images, or a run, come from. */
export type Given =
  /** Images, folders of images, zips of either. Two or more folders side by side are classes. */
  | { readonly files: readonly GivenFile[] }
  /** The set that is served with the page. */
  | { readonly bundled: true }
  /** A run's zip, made by a page or of a run folder of Node's. */
  | { readonly run: File }
  /** A run that is kept in this browser, by its name. */
  | { readonly kept: string };

/** What sizes of training there are. */
export const sizes = ["small", "medium"] as const;
export type Size = (typeof sizes)[number];

/** What can be had of a run as a file. */
export const downloads = ["encoder", "embeddings-npy", "embeddings-parquet", "run", "report"] as const;
export type Download = (typeof downloads)[number];

/** From the page. Asks are carried out in order; `pause` and `stop` at once. */
export type Ask =
  /** Opens images or a run, in place of what was open. After a run without its images: the images to go on with. */
  | { readonly kind: "open"; readonly from: Given }
  /** Begins a new run on the images that are open. The recipe is chosen by the plan, the images and the measured speed. */
  | { readonly kind: "train"; readonly size: Size; readonly minutes: number }
  /** Ends the step under way and saves; `continue` goes on. */
  | { readonly kind: "pause" }
  /** Goes on with the run that is open: paused, stopped, or opened. */
  | { readonly kind: "continue" }
  /** As `pause`, and gives the memory of training back. */
  | { readonly kind: "stop" }
  | { readonly kind: "download"; readonly what: Download }
  /** Deletes a kept run. */
  | { readonly kind: "forget"; readonly run: string };

/**
 * `empty`: nothing is open. `opening`. `ready`: images are open, `train` begins a run. `training`, `paused`, `finished`. `stopped`: a
 * run is open that `continue` goes on with. `shown`: a run is open without its images: `open` them to go on. `failed`: a problem was
 * told that training cannot go on from; the run up to its last checkpoint is kept.
 */
export type State = "empty" | "opening" | "ready" | "training" | "paused" | "stopped" | "shown" | "finished" | "failed";

/** A run in this browser's storage. */
export interface KeptRun {
  readonly name: string;
  /** What its images are called. */
  readonly data: string;
  readonly images: number;
  /** Epochs that are done, of how many. */
  readonly epoch: number;
  readonly epochs: number;
  /** ISO 8601. */
  readonly started: string;
}

/** A file that was left out, and why. */
export interface Skipped {
  readonly name: string;
  readonly reason: string;
}

/** From the worker. */
export type News =
  /** At the start, and whenever it has changed. The newest first. */
  | { readonly kind: "kept"; readonly runs: readonly KeptRun[] }
  | { readonly kind: "state"; readonly state: State }
  /** `total` is null while it is not known. */
  | { readonly kind: "opening"; readonly done: number; readonly total: number | null }
  /** One more sheet of thumbnails, as of `Sheets`, while images are opened: all are full but the last. */
  | {
      readonly kind: "pictures";
      readonly names: readonly string[];
      readonly tile: number;
      readonly columns: number;
      readonly rows: number;
      readonly url: string;
    }
  /** Images are open. Of more than the grid shows, every n-th was shown. */
  | {
      readonly kind: "opened";
      readonly name: string;
      readonly count: number;
      readonly shown: number;
      readonly classes: readonly string[] | null;
      readonly skipped: readonly Skipped[];
    }
  /** What training runs on, and in sentences why on nothing better. */
  | {
      readonly kind: "device";
      readonly provider: "webgpu" | "cpu";
      readonly threads: number;
      readonly words: readonly string[];
    }
  /** What will be done: its time by the speed that was measured. Fields of the recipe by dotted name. */
  | {
      readonly kind: "plan";
      readonly epochs: number;
      readonly seconds: number;
      readonly recipe: readonly (readonly [string, string])[];
    }
  /** Steps since the last such news; a few a second at most. */
  | {
      readonly kind: "steps";
      readonly metrics: readonly StepMetric[];
      readonly imagesPerSecond: number;
      readonly secondsLeft: number;
      readonly epoch: number;
      readonly epochs: number;
      /** InfoNCE of embeddings that tell nothing apart. */
      readonly chanceLoss: number;
    }
  /** How far other work than steps is. */
  | { readonly kind: "stage"; readonly stage: string; readonly done: number; readonly total: number }
  /** All that is known of the run, after each clustering and at the end. Thumbnails' URLs stay the same while their images do. */
  | { readonly kind: "report"; readonly data: ReportData }
  /** `lasting`: it stays true; else it tells of something that has passed. */
  | { readonly kind: "problem"; readonly words: string; readonly lasting: boolean }
  /** A download. */
  | { readonly kind: "file"; readonly what: Download; readonly name: string; readonly file: Blob };
