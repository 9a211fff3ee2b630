/** Attributes of vendors' kernels that lowerings make nodes of, by domain. */

import { type Declarations, floatList, int, ints, text } from "./declare.js";
import { native, nativeDomain } from "./native.js";
import { convolution, pooling } from "./windows.js";

/** The domain of ONNX Runtime's own ops. */
export const runtimeDomain = "com.microsoft";

type Attributes = { readonly [K in keyof typeof native]: (typeof native)[K]["attributes"] };

export const kernels = {
  [nativeDomain]: Object.fromEntries(
    Object.entries(native).map(([name, { attributes }]) => [name, attributes]),
  ) as Attributes,
  /** The blocked kernels of ONNX Runtime's CPU provider. */
  "com.microsoft.nchwc": {
    Conv: { ...convolution, activation: text(), activation_params: floatList() },
    MaxPool: pooling,
    GlobalAveragePool: {},
    ReorderInput: {},
    ReorderOutput: { channels: int.needed, channels_last: int(0) },
  },
  /** Its own op of all builds, and one of its training build. */
  [runtimeDomain]: { Gelu: {}, ConvGrad: { ...convolution, kernel_shape: ints.needed } },
} satisfies Record<string, Record<string, Declarations>>;
