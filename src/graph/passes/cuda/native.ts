/** Composites as native ops, where the kernels take their sizes. */
import { elements } from "../../../array.js";
import { applyNative } from "../../apply.js";
import { attributesOf, type Composite, windowOf } from "../../ops/index.js";
import { isStatic } from "../../shapes.js";
import type { Attributes, Value } from "../../value.js";
import type { Expansion } from "../expand/expansion.js";
import { forDevices, portable } from "../expand/index.js";
import { rewriteGraph } from "../rewrite.js";

const isFull = (v: Value): boolean => v.dtype === "float32" && isStatic(v.shape) && !v.shape.includes(0);

/** cuDNN pads both ends of an axis alike. */
function isEven(images: Value, kernel: readonly number[], a: Attributes): boolean {
  const { pads } = windowOf(a, kernel);
  return images.shape.length === 4 && kernel.every((_, i) => pads[i] === pads[i + kernel.length]);
}

/** A native form where it suits, else the form for other devices. */
const where =
  (op: Composite, suits: (inputs: readonly Value[], a: Attributes) => boolean, form: Expansion): Expansion =>
  (inputs, a) =>
    inputs.every(isFull) && suits(inputs, a) ? form(inputs, a) : (forDevices[op] ?? portable[op])(inputs, a);

export const normalizations: Partial<Readonly<Record<Composite, Expansion>>> = {
  BatchNormTrain: where(
    "BatchNormTrain",
    () => true,
    ([x, scale, bias], a) => {
      const [mean, variance] = applyNative("BatchStatistics", [x], {});
      const { epsilon } = attributesOf("BatchNormTrain", a);
      return [...applyNative("BatchNormalize", [x, scale, bias, mean, variance], { epsilon }), mean, variance];
    },
  ),
  BatchNormGrad: where(
    "BatchNormGrad",
    () => true,
    (inputs, a) => applyNative("BatchNormGrad", inputs, a),
  ),
  MaxPoolGrad: where(
    "MaxPoolGrad",
    ([, x]) => x.shape.length === 4,
    (inputs, a) => applyNative("MaxPoolGrad", inputs, a),
  ),
};

/** From so many multiplications on choosing is worth it (`src/cuda/convolutions.ts`, tried with 7·10⁹ and more). */
const manyMultiplications = 1e9;

/** 3×3 at stride 1, and large. */
function isLargeFiltering(x: Value, w: Value, a: Attributes): boolean {
  const [filters, channels, ...kernel] = w.shape as readonly number[];
  const { strides, dilations, pads } = windowOf(a, kernel);
  if (`${kernel}/${strides}/${dilations}/${pads}` !== "3,3/1,1/1,1/1,1,1,1" || channels !== x.shape[1]) return false;
  return elements(x.shape as number[]) * filters * 9 >= manyMultiplications;
}

/** `outputs` with those convolutions as native ops whose algorithm is chosen here. */
export const nativeConvolutions = (outputs: readonly Value[]): readonly Value[] =>
  rewriteGraph(outputs, ({ domain, op, attributes }, inputs) => {
    if (domain !== "" || op !== "Conv" || inputs.length > 2) return null;
    const [x, w] = inputs as readonly Value[];
    const suits = [x, w].every(isFull) && x.shape.length === 4 && isLargeFiltering(x, w, attributes);
    return suits ? applyNative("Convolve", [x, w], attributes) : null;
  });

export const convolutions: Partial<Readonly<Record<Composite, Expansion>>> = {
  ConvGradWeight: where(
    "ConvGradWeight",
    ([x], a) => isEven(x, a.kernel as readonly number[], a),
    (inputs, a) => applyNative("ConvGradWeight", inputs, a),
  ),
};
