/** Where views of a set's images are written, and what they depend on. */
import { random } from "../../random.js";
import type { Picture } from "../source.js";
import { type EvaluationPolicy, evaluationView } from "./evaluationView.js";
import { randomView, type ViewPolicy } from "./randomView.js";

/** Views of a batch's images. */
export interface Views {
  readonly seed: number;
  readonly epoch: number;
  /** One policy a random view; or that of the evaluation view, the only one. */
  readonly policies: readonly ViewPolicy[] | EvaluationPolicy;
  /** One array a view: [B, channels, size, size]. */
  readonly views: readonly Uint8Array[];
}

/** Elements of each view of an image. */
export const viewSizes = (policies: Views["policies"]): readonly number[] =>
  ("map" in policies ? policies : [policies]).map((p) => p.channels * p.size ** 2);

/** Writes an image's views at its place in a batch. View v of image i in epoch e draws from the stream (seed, e, i, v) and nothing else. */
export function writeViews(
  picture: Picture,
  index: number,
  place: number,
  { seed, epoch, policies, views }: Views,
): void {
  const sizes = viewSizes(policies);
  if (!("map" in policies)) {
    evaluationView(picture, policies, views[0], place * sizes[0]);
    return;
  }
  for (const [v, policy] of policies.entries())
    randomView(picture, policy, random(seed, "views", epoch, index, v), views[v], place * sizes[v]);
}
