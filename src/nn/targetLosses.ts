/** Losses of class scores, by what an image's target is. */
import { cast, crossEntropy, greaterOrEqual, mean, mul, softplus, sub, sum, type Value } from "../graph/index.js";

/**
 * - `single`: labels int64 [B]; mean cross-entropy of the softmax.
 * - `several`: float32 [B, classes], 1 shown, 0 not, −1 left out; mean over images of the sum over classes of the sigmoid's
 *   cross-entropy, ln(1 + eˢ) − t·s.
 *
 * Both are given scores [B, classes] first.
 */
export const targetLosses = {
  single: (scores, labels) => mean(crossEntropy(scores, labels)),
  several: (scores, shown) => {
    const counted = cast(greaterOrEqual(shown, 0), "float32");
    return mean(sum(mul(counted, sub(softplus(scores), mul(shown, scores))), [1]));
  },
} as const satisfies Record<string, (scores: Value, targets: Value) => Value>;

/** What an image's target is: one class, or several. */
export type TargetKind = keyof typeof targetLosses;
