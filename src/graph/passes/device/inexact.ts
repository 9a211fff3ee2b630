/** Where the CPU's kernels are right but not exact, and what is: for runs that others are compared with. */
import { scatteredInSteps } from "./reductionSteps.js";
import type { Replacement } from "./replacement.js";

export const inexactOnCpu: Readonly<Record<string, Replacement>> = {
  // Of 50,000 squares that are nearly the same the sum is 1e-4 off, where WebGPU's is 1e-7.
  "a reduction along scattered axes adds one number after another": scatteredInSteps,
};
