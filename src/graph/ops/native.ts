/**
 * Ops of the domain `hcsc.cuda`, which the kernels of `src/cuda` compute on NVIDIA's cards in float32. `passes/cuda/` makes nodes of
 * them, and puts them back into standard ops for others.
 */
import { type } from "../shapes.js";
import type { TensorType } from "../value.js";
import { composed } from "./composites.js";
import { float, type In, int, op, optional, own, single } from "./declare.js";
import { convolution, windows } from "./windows.js";

/** Their domain in a model. */
export const nativeDomain = "hcsc.cuda";

const tensor = (name: string) => own(name, single);
const as = (x: { readonly shape: TensorType["shape"] }): TensorType => type("float32", x.shape);
const perChannel = ([x]: In): TensorType => type("float32", [x.shape[1]]);
const statistics = [tensor("mean"), tensor("variance")];

/** The native ops by name, each declared as others are; a name that a composite has too is the same function. */
export const native = {
  ConvGradWeight: composed.ConvGradWeight,
  MaxPoolGrad: composed.MaxPoolGrad,
  /** `Conv` of images without a bias. */
  Convolve: op([tensor("x"), tensor("w")], convolution, windows.Conv.shape),
  /** x [N,C,…] → the mean and the biased variance of each channel. */
  BatchStatistics: op([tensor("x")], {}, (x) => [perChannel(x), perChannel(x)]),
  /** (x − mean)/√(variance + ε)·scale + bias, and `other` [N,C,…] added to it; then what is negative is 0, if `rectified`. */
  BatchNormalize: op(
    [tensor("x"), tensor("scale"), tensor("bias"), ...statistics, optional(tensor("other"))],
    { epsilon: float.needed, rectified: int(0) },
    ([x]) => [as(x)],
  ),
  /** As the composite; with `bias` dy is that of a rectified y, where nothing was added. */
  BatchNormGrad: op(
    [tensor("dy"), tensor("x"), tensor("scale"), ...statistics, optional(tensor("bias"))],
    { epsilon: float.needed },
    ([, ...x]) => [as(x[0]), perChannel(x), perChannel(x)],
  ),
  /** dy where y > 0, else 0. */
  ReluGrad: op([tensor("dy"), tensor("y")], {}, ([, y]) => [as(y)]),
};

/** Names of the ops that kernels of this library's own compute. */
export type NativeOp = keyof typeof native;
