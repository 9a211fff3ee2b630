/** Normalising layers. */
import { axisOf, fail, type } from "../shapes.js";
import type { TensorType } from "../value.js";
import { float, floats, type In, int, like, op, optional } from "./declare.js";
import { same } from "./elementwise.js";

/** Per-channel parameters must match the images' channels. */
export function perChannel(name: string, x: In): void {
  for (const p of x.slice(1))
    if (p.shape.length !== 1 || p.shape[0] !== x[0].shape[1])
      fail(name, `needs one element per channel (${x[0].shape[1]})`, x);
}

function layer([x, scale]: In, { axis }: { readonly axis: number }, name: string, outputs: number) {
  const first = axisOf(name, axis, x.shape.length, [x]);
  if (scale.shape.length > x.shape.length - first)
    fail(name, "the scale is larger than the normalised axes", [x, scale]);
  const statistics = type(
    "float32",
    x.shape.map((d, i) => (i < first ? d : 1)),
  );
  const all: readonly TensorType[] = [type(x.dtype, x.shape), statistics, statistics];
  return all.slice(0, outputs);
}

const affine = (name: string) => like(name, floats, "T1");
const statistic = (name: string) => like(name, floats, "T2");

export const normalization = {
  /** In inference form; the training form of a file becomes `BatchNormTrain` when it is read. */
  BatchNormalization: op(
    [like("X", floats), affine("scale"), affine("B"), statistic("input_mean"), statistic("input_var")],
    { epsilon: float(1e-5), momentum: float(0.9), training_mode: int(0) },
    (x, _, name) => {
      perChannel(name, x);
      return same(x);
    },
  ),
  LayerNormalization: op(
    [like("X", floats), like("Scale", floats), optional(like("B", floats))],
    { axis: int(-1), epsilon: float(1e-5), stash_type: int(1) },
    layer,
  ),
  GroupNormalization: op(
    [like("X", floats), like("scale", floats), like("bias", floats)],
    { num_groups: int.needed, epsilon: float(1e-5) },
    same,
  ),
  InstanceNormalization: op(
    [like("input", floats), like("scale", floats), like("B", floats)],
    { epsilon: float(1e-5) },
    same,
  ),
};
