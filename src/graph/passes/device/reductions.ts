/** Normalizations and sums of exponentials, composed so that nothing cancels and nothing overflows. */
import { add, applyAll, cast, clip, exp, log, mean, mul, reciprocal, sqrt, sub } from "../../apply.js";
import { replace } from "../../modernise.js";
import { attributesOf } from "../../ops/index.js";
import { reshapeLike } from "../../reshaping.js";
import { fromFront } from "../../shapes.js";
import { known, type NodeAttributes, type Value } from "../../value.js";
import type { Met } from "./replacement.js";

/** The variance from centred values; in float32, whatever the images are. */
export function layerNormalization({ inputs, attributes, outputs }: Met): readonly Value[] {
  const [x, scale, bias] = inputs.map((v) => v && cast(v, "float32"));
  const { axis, epsilon } = attributesOf("LayerNormalization", attributes);
  const first = fromFront(axis, x.shape.length);
  const axes = x.shape.flatMap((_, i) => (i >= first ? [i] : []));
  const average = mean(x, axes, true);
  const centred = sub(x, average);
  const spread = add(mean(mul(centred, centred), axes, true), epsilon);
  const inverse = reciprocal(sqrt(spread)); // a division instead, and ONNX Runtime makes a LayerNormalization of it again
  const unit = mul(centred, inverse);
  const scaled = known(scale)?.every((s) => s === 1) ? unit : mul(unit, scale);
  return [cast(bias ? add(scaled, bias) : scaled, outputs[0].dtype), average, inverse].slice(0, outputs.length);
}

const composed =
  (op: "InstanceNormalization" | "GroupNormalization") =>
  ({ inputs, attributes }: Met): readonly Value[] =>
    replace(op, inputs, attributes, 1) as readonly Value[];

export const instanceNormalization = composed("InstanceNormalization");
export const groupNormalization = composed("GroupNormalization");

const largest = 3.4e38;

/** max + ln Σ e^(x − max); the maximum held finite, so that infinities do not meet. */
export function logSumExp({ inputs, attributes, outputs: [y] }: Met): readonly Value[] {
  const [x, axes] = inputs;
  const along = (a: NodeAttributes, op: "ReduceMax" | "ReduceSum", v: Value) =>
    applyAll(op, axes ? [v, axes] : [v], a)[0];
  const top = clip(along({ ...attributes, keepdims: 1 }, "ReduceMax", x), -largest, largest);
  const total = log(along(attributes, "ReduceSum", exp(sub(x, top))));
  return [add(total, reshapeLike(top, y))];
}
