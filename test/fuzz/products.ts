/** Matrix products. */
import type { Application } from "./case.js";
import { chance, fed, limited, oneOf, size, type Take, times } from "./take.js";

type Draws = (take: Take) => Application;

/** A dimension that is now and then empty. */
const orNone = (take: Take): number => (chance(take, 24) ? 0 : size(take));

export const products = {
  MatMul: (take) => {
    const k = orNone(take);
    // Over nothing (K = 0) the CPU leaves a product with one row or column unwritten, which gradients of empty ones meet.
    const [m, n] = times(2, () => (k === 0 ? 1 + size(take) : orNone(take)));
    const batch = limited(
      times(oneOf(take, [0, 0, 1, 2, 3]), () => size(take)),
      12,
    );
    const lead = () => batch.slice(chance(take, 3) ? take(batch.length + 1) : 0).map((d) => (chance(take, 4) ? 1 : d));
    const isVector = () => chance(take, 10) && k > 0;
    const left = isVector() ? [k] : [...lead(), m, k];
    const right = isVector() ? [k] : [...lead(), k, n];
    return { inputs: [fed(left), fed(right)], withoutRule: m * k * n === 0 };
  },
  Gemm: (take) => {
    const [m, k, n] = times(3, () => orNone(take));
    const [transA, transB] = times(2, () => take(2));
    const bias = oneOf(take, [null, [n], [1, n], [m, n], [m, 1], [1], [1, 1], []]);
    return {
      inputs: [fed(transA ? [k, m] : [m, k]), fed(transB ? [n, k] : [k, n]), ...(bias ? [fed(bias)] : [])],
      attributes: { transA, transB, alpha: oneOf(take, [1, 1, 0.5]), beta: k === 0 ? 1 : oneOf(take, [1, 1, 2]) }, // of K = 0 the CPU forgets beta
    };
  },
} as const satisfies Readonly<Record<string, Draws>>;
