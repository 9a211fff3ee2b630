/** What images show, as classifiers learn it. */
import type { DenseArray, Matrix } from "../array.js";
import { gatherRows } from "../cluster/index.js";

/**
 * - `single`: each image has one class id.
 * - `several`: [N, classes], 1 shown, 0 not, −1 left out: neither right nor wrong.
 */
export type Targets =
  | { readonly kind: "single"; readonly classes: number; readonly labels: Int32Array }
  | { readonly kind: "several"; readonly classes: number; readonly shown: DenseArray<Int8Array> };

/** Feature rows [N, width] and their targets. */
export interface Examples<T extends Targets = Targets> {
  readonly features: Matrix;
  readonly targets: T;
}

/** The targets of some images, in their order. */
export function targetsOf<T extends Targets>(targets: T, rows: Int32Array): T;
export function targetsOf(targets: Targets, rows: Int32Array): Targets {
  if (targets.kind === "single") return { ...targets, labels: Int32Array.from(rows, (i) => targets.labels[i]) };
  const { classes } = targets;
  const data = new Int8Array(rows.length * classes);
  for (const [r, i] of rows.entries())
    data.set(targets.shown.data.subarray(i * classes, (i + 1) * classes), r * classes);
  return { ...targets, shown: { shape: [rows.length, classes], data } };
}

/** Rows of features with the targets of their images. */
export const examplesOf = <T extends Targets>({ features, targets }: Examples<T>, rows: Int32Array): Examples<T> => ({
  features: gatherRows(features, rows),
  targets: targetsOf(targets, rows),
});
