/** Where kernels of providers are slow, or may not run, and what is fast instead: the same numbers up to rounding. */
import { inGroupsOfTerms, isLongProduct } from "./longProducts.js";
import { asProduct, isPointwise } from "./pointwise.js";
import { inRows, inSteps, isLong, isTurned, scatteredInSteps, steppable } from "./reductionSteps.js";
import type { Replacement } from "./replacement.js";
import { givesTooMany, treeOfSplits } from "./splits.js";
import { asProducts, hasWideFilters } from "./wideFilters.js";

type Table = Readonly<Record<string, Replacement>>;

export const slowOnWebGpu: Table = {
  "filters larger than what they give are turned, and summed along serially": {
    ops: ["Conv"],
    meets: hasWideFilters,
    instead: asProducts,
  },
  "filters of one tap are turned, and a product made for each image": {
    ops: ["Conv"],
    meets: isPointwise,
    instead: asProduct,
  },
  "all terms of a tile of a product are added one after another": {
    ops: ["Gemm", "MatMul"],
    meets: isLongProduct,
    instead: inGroupsOfTerms,
  },
  "rows are turned into columns, all of them, before they are added": {
    ops: steppable,
    meets: isTurned,
    instead: inRows,
  },
  // The norm of 11 million elements takes 0.2 s on a card that adds them in 20 µs.
  "a reduction has one workgroup of 64 threads for each result": { ops: steppable, meets: isLong, instead: inSteps },
  "a kernel binds eight buffers on some devices": { ops: ["Split"], meets: givesTooMany, instead: treeOfSplits },
};

export const slowOnCuda: Table = {
  // Rows and columns of a matrix have kernels of their own: two steps take 40 to 70 µs where cuDNN takes 80 to 250 (H100).
  "a reduction along scattered axes goes to cuDNN": scatteredInSteps,
};
