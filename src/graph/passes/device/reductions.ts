/** Normalizations and sums of exponentials, composed so that nothing cancels and nothing overflows. */
import { elements } from "../../../array.js";
import { add, applyAll, cast, clip, exp, expand, log, mean, sub } from "../../apply.js";
import { replace } from "../../modernise.js";
import { attributesOf } from "../../ops/index.js";
import { reshapeLike } from "../../reshaping.js";
import { fromFront, isStatic } from "../../shapes.js";
import { known, madeBy, type NodeAttributes, type Shape, type Value } from "../../value.js";
import type { Met } from "./replacement.js";

/** The axes that are normalised: from `axis` on. */
const normalized = (x: Value, axis: number): readonly number[] =>
  x.shape.flatMap((_, i) => (i >= fromFront(axis, x.shape.length) ? [i] : []));

/** Whether what is normalised may have another mean than 0. */
export function isUncentred({ inputs: [x], attributes }: Met): boolean {
  const [from, average] = madeBy(x, "Sub")?.inputs ?? [];
  const [of, axes] = madeBy(average, "ReduceMean")?.inputs ?? [];
  const along = axes && known(axes)?.map((a) => fromFront(a, x.shape.length));
  return of !== from || String(along) !== String(normalized(x, attributesOf("LayerNormalization", attributes).axis));
}

/** The same of centred values, whose mean is rounding; in float32, whatever the images are. */
export function layerNormalization({ inputs, attributes, outputs }: Met): readonly Value[] {
  const [x, scale, bias] = inputs.map((v) => v && cast(v, "float32"));
  const average = mean(x, normalized(x, attributesOf("LayerNormalization", attributes).axis), true);
  const given = [sub(x, average), scale, ...(bias ? [bias] : [])];
  const [y, , inverse] = applyAll("LayerNormalization", given, attributes, outputs.length);
  return [cast(y, outputs[0].dtype), average, inverse].slice(0, outputs.length);
}

/** The shape of what is normalised together. */
const together = ({ inputs: [x], attributes }: Met): Shape =>
  normalized(x, attributesOf("LayerNormalization", attributes).axis).map((i) => x.shape[i]);

/** Whether a scale or bias is to be repeated; of named sizes the provider is left to say. */
export function isBroadcast(node: Met): boolean {
  const shape = together(node);
  return (
    isStatic(shape) && node.inputs.slice(1).some((v) => v && isStatic(v.shape) && elements(v.shape) < elements(shape))
  );
}

/** The same of a scale and bias that are repeated before. */
export function repeatedBefore(node: Met): readonly Value[] {
  const [x, ...rest] = node.inputs;
  const whole = rest.map((v) => v && expand(v, together(node) as readonly number[]));
  return applyAll("LayerNormalization", [x, ...whole], node.attributes, node.outputs.length);
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
