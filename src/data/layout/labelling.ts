/** What is known of each image beside its pixels. */
import type { ImageSource } from "../sources/picture.js";

/** What images show, as far as a set says it. */
export type Labelling = Pick<ImageSource, "labels" | "multilabel" | "classes" | "hierarchy">;

export const unlabelled: Labelling = { labels: null, multilabel: null, classes: null, hierarchy: null };
