/** The axes of images [N,C,…]. */
import { unsqueeze } from "./apply.js";
import { sizes } from "./shapes.js";
import type { Value } from "./value.js";

/** All but images and channels. */
export const spatialAxes = (x: Value): number[] => x.shape.slice(2).map((_, i) => i + 2);

/** All but channels. */
export const notChannels = (x: Value): number[] => x.shape.flatMap((_, i) => (i === 1 ? [] : [i]));

/** The sizes of the spatial axes, which must be known. @param op - named in the error */
export const spatialSizes = (op: string, x: Value): readonly number[] => sizes(op, { ...x, shape: x.shape.slice(2) });

/** A [C] vector along the channels of x: [C,1,…]. */
export const channelwise = (v: Value, x: Value): Value =>
  unsqueeze(
    v,
    spatialAxes(x).map((axis) => axis - 1),
  );
