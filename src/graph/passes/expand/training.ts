/**
 * Kernels of ONNX Runtime's training build where they are faster there than standard ops (one thread, ms; dw of a 3×3
 * convolution of 64 images):
 *
 *   channels, side, stride   16→16, 28, 1   16→32, 28, 2   32→32, 14, 1   64→64, 7, 1   1→16, 28, 1
 *   ConvGrad's dw                     12.0            6.4           10.5          10.6           1.4
 *   products of columns               56.6            9.4           11.6          11.5           2.0
 *
 * Of a whole step it is less: 310 ms against 313, 383 against 393 (ResNet-8, batch 64, interleaved).
 *
 * Not for dx (20.3, 16.3, 14.7, 12.2, 1.0 against 21.5, 6.6, 15.0, 12.8, 3.2), nor for batch normalisation, whose kernels take
 * as long as the portable form.
 */
import { expand } from "../../apply.js";
import { attributesOf } from "../../ops/index.js";
import { constant, node } from "../../value.js";
import { listOf } from "./convolution.js";
import type { Expansion } from "./expansion.js";

/** dw by `ConvGrad`, which reads only the shape of w for it. */
export const trainingConvGradWeight: Expansion = ([x, dy], a) => {
  const { group } = attributesOf("ConvGradWeight", a);
  const kernel = listOf(a, "kernel");
  const shape = [dy.shape[1] as number, (x.shape[1] as number) / group, ...kernel];
  const { kernel: _, input: __, ...window } = a;
  const filters = expand(constant([0], [], x.dtype), shape);
  const types = [
    { dtype: x.dtype, shape: x.shape },
    { dtype: x.dtype, shape },
  ];
  return [node("ConvGrad", [dy, x, filters], { ...window, kernel_shape: kernel }, types, "com.microsoft").outputs[1]];
};
