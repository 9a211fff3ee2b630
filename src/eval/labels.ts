/** The labels of images under the names of their classes, by which two sets are compared. */
import type { DenseArray } from "../array.js";
import { DataError, said } from "../errors.js";
import type { Targets } from "./targets.js";

/** Targets of one class an image. */
export type SingleTargets = Extract<Targets, { kind: "single" }>;

/** What is known of images by people: a data set's `ImageSource` has it. */
export interface Annotations {
  /** A class id each, below 0 where there is none. */
  readonly labels: Int32Array | null;
  /** 1 shown, 0 not, −1 left out: [N, classes]. */
  readonly multilabel: DenseArray<Int8Array> | null;
  /** Names by id. */
  readonly classes: readonly string[] | null;
}

/** Labels as targets, and what their classes are called. */
export interface Labelled<T extends Targets = Targets> {
  /** What messages call the images: the … images. */
  readonly called: string;
  readonly targets: T;
  /** By id; null where classes are numbers only. */
  readonly classes: readonly string[] | null;
}

/** @param called - what messages call these images. @throws DataError if they have no labels */
export function labelsOf(images: Annotations, called: string): Labelled {
  const { labels, multilabel, classes } = images;
  if (multilabel)
    return { called, targets: { kind: "several", classes: multilabel.shape[1], shown: multilabel }, classes };
  if (!labels) throw withoutLabels(images, called);
  const count = classes?.length ?? 1 + labels.reduce((m, l) => Math.max(m, l), 0);
  return { called, targets: { kind: "single", classes: count, labels }, classes };
}

/** @throws DataError if there are no labels, or several an image */
export function singleLabelsOf(images: Annotations, called: string): Labelled<SingleTargets> {
  const { targets, classes } = labelsOf(images, called);
  if (targets.kind === "several") throw withoutLabels(images, called);
  return { called, targets, classes };
}

/** Those of some images that have a label. */
export function labelledAmong(targets: Targets, images: Int32Array): Int32Array {
  if (targets.kind === "single") return images.filter((i) => targets.labels[i] >= 0);
  const { classes, shown } = targets;
  return images.filter((i) => shown.data.subarray(i * classes, (i + 1) * classes).some((v) => v >= 0));
}

/** Class names, or their numbers. */
export const classNames = ({ targets, classes }: Labelled): readonly string[] =>
  classes ?? Array.from({ length: targets.classes }, (_, id) => String(id));

/** Why a set cannot be compared with one class an image. @param called - what messages call its images */
export const withoutLabels = ({ multilabel }: Annotations, called: string): DataError =>
  multilabel
    ? new DataError(
        "wrong-labels",
        said`the ${{ images: called }} images carry several labels each, this takes one: use hcsc eval transfer`,
      )
    : new DataError(
        "wrong-labels",
        said`the ${{ images: called }} images have no labels: give class folders, or a list with labels`,
        { settings: ["sources"] },
      );

/**
 * `test` with the class ids of `train`: a set numbers the classes that it has, so that one that lacks a class numbers the rest
 * otherwise.
 *
 * @throws DataError if the two are of different kinds, or a class of `test` is none of `train`'s
 */
export function inClassesOf<T extends Targets>(train: Labelled<T>, test: Labelled<T>): Labelled<T>;
export function inClassesOf(train: Labelled, test: Labelled): Labelled {
  if (train.targets.kind !== test.targets.kind)
    throw new DataError(
      "wrong-labels",
      said`of the ${train.called} and ${{ images: test.called }} images some have one label each, the others several: give two sets of one kind`,
    );
  const [known, own] = [train.classes, test.classes];
  if (!known || !own) return test;
  const ids = own.map((name) => known.indexOf(name));
  const unknown = own.filter((_, i) => ids[i] === -1);
  if (unknown.length > 0)
    throw new DataError(
      "wrong-labels",
      said`the ${{ images: test.called }} images have classes that the ${train.called} images lack: ${unknown.join(", ")}. The classes of ${train.called} are ${known.join(", ")}`,
    );
  return { ...test, targets: renumbered(test.targets, ids, known.length), classes: known };
}

function renumbered(targets: Targets, ids: readonly number[], classes: number): Targets {
  if (targets.kind === "single")
    return { ...targets, classes, labels: targets.labels.map((label) => (label < 0 ? label : ids[label])) };
  const images = targets.shown.shape[0];
  const data = new Int8Array(images * classes);
  for (let i = 0; i < images; i++)
    for (const [own, id] of ids.entries()) data[i * classes + id] = targets.shown.data[i * targets.classes + own];
  return { kind: "several", classes, shown: { shape: [images, classes], data } };
}
