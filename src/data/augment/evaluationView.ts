/** The one view of an image that evaluation and embedding take: resized, the middle cut out. */
import type { Picture } from "../source.js";
import type { Operation } from "./operations.js";
import { writeView } from "./randomView.js";
import type { Interpolation } from "./taps.js";

/** How an image becomes the view that is embedded: resized, cropped at the centre. */
export interface EvaluationPolicy {
  /** Side of the view in pixels. */
  readonly size: number;
  readonly channels: number;
  /** The short side before the cut. 0: an image of size × size is taken as it is, others have round(size · 256 / 224). */
  readonly resize: number;
  readonly interpolation: Interpolation;
}

/** The steps of an image's evaluation view. */
export function evaluationSteps(
  image: { readonly height: number; readonly width: number },
  policy: EvaluationPolicy,
): readonly Operation[] {
  const { size, interpolation } = policy;
  if (policy.resize === 0 && image.height === size && image.width === size) return [];
  const shortSide = policy.resize || Math.round((size * 256) / 224);
  return [
    { op: "resize", shortSide, interpolation },
    { op: "centerCrop", size },
  ];
}

/** Writes the evaluation view of `picture`, `[channels, size, size]`, to `out` from `offset`. */
export function evaluationView(picture: Picture, policy: EvaluationPolicy, out: Uint8Array, offset: number): void {
  writeView(picture, evaluationSteps(picture, policy), policy.channels, out, offset);
}
