/**
 * Composites of the `hcsc` domain: gradients and layers in training form, which no runtime has. A lowering replaces each
 * (`passes/expand/`: standard ops; `passes/lower/`: vendor kernels).
 */
import { fail, type } from "../shapes.js";
import type { TensorType } from "../value.js";
import { bools, float, floats, type In, ints, like, many, op, own, single } from "./declare.js";
import { perChannel } from "./normalization.js";
import { convolution, pooling } from "./windows.js";

const statistics = [own("mean", floats), own("variance", floats)];

function batchNormTrain(x: In, _: object, name: string): readonly TensorType[] {
  perChannel(name, x);
  const byChannel = type("float32", [x[0].shape[1]]);
  return [type(x[0].dtype, x[0].shape), byChannel, byChannel];
}

export const composed = {
  /** dy [N,O,…], w [O,I/group,k…]; `input`: the spatial sizes of x → dx. */
  ConvGradInput: op(
    [like("dy", floats), like("w", floats)],
    { ...convolution, input: ints.needed },
    ([dy, w], { group, input }) => [type(dy.dtype, [dy.shape[0], (w.shape[1] as number) * group, ...input])],
  ),
  /** x [N,I,…], dy [N,O,…]; `kernel`: the spatial sizes of w → dw [O,I/group,k…]. */
  ConvGradWeight: op(
    [like("x", floats), like("dy", floats)],
    { ...convolution, kernel: ints.needed },
    ([x, dy], { group, kernel }) => [type(dy.dtype, [dy.shape[1], (x.shape[1] as number) / group, ...kernel])],
  ),
  /** x [N,C,…], scale [C], bias [C] → y, batch mean [C], biased batch variance [C]. */
  BatchNormTrain: op(
    [like("x", floats), own("scale", floats), own("bias", floats)],
    { epsilon: float.needed },
    batchNormTrain,
  ),
  /** dy, x, scale, mean, variance → dx, dscale, dbias. */
  BatchNormGrad: op(
    [like("dy", floats), like("x", floats), own("scale", floats), ...statistics],
    { epsilon: float.needed },
    ([dy, x]) => [type(x.dtype, dy.shape), type("float32", [x.shape[1]]), type("float32", [x.shape[1]])],
  ),
  /** x → x·Φ(x), Φ the distribution of the standard normal. */
  ExactGelu: op([like("x", floats)], {}, ([x]) => [type(x.dtype, x.shape)]),
  /** x [N, D] → its rows divided by their lengths, but at least by `floor`, and what they were divided by [N, 1]. */
  UnitRows: op([like("x", floats)], { floor: float.needed }, ([x], _, name) => {
    if (x.shape.length !== 2) fail(name, "needs rows [N,D]", [x]);
    return [type(x.dtype, x.shape), type(x.dtype, [x.shape[0], 1])];
  }),
  /** x [N, …, W], which of it count, and which one of those is picked, of the same shape → ln Σ eˣ over what counts less the picked x [N, …, 1]. */
  CrossEntropyAmong: op([own("x", single), own("among", bools), own("picked", bools)], {}, ([x, ...masks], _, name) => {
    if (masks.some(({ shape }) => String(shape) !== String(x.shape)))
      fail(name, "needs masks of x's shape", [x, ...masks]);
    return [type(x.dtype, [...x.shape.slice(0, -1), 1])];
  }),
  /** dy, x, y → dx. Ties share: every element equal to its window's maximum receives the gradient divided by their number. */
  MaxPoolGrad: op([like("dy", floats), like("x", floats), like("y", floats)], pooling, ([, x]) => [
    type(x.dtype, x.shape),
  ]),
  /** Tensors of any shapes → the sum of the squares of all their elements, a scalar. */
  SumOfSquares: op([many(like("tensors", floats))], {}, ([x]) => [type(x.dtype, [])]),
};
