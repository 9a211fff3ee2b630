/** Convolution of one group by the blocked kernel. Images of fewer channels than a block, as pixels are, are read plain. */
import { attributesOf, windowOf } from "../../ops/index.js";
import { isStatic } from "../../shapes.js";
import type { Attributes, Value } from "../../value.js";
import type { Lowering, Rule } from "./forms.js";
import { convolve, imageOf } from "./kernels.js";
import { convolveTiles, suitsTiles } from "./winograd.js";

/** Whether filters [O,I,h,w] can be blocked: whole blocks of filters, and of channels or (`few`) less than one block of them. */
export function suits({ block }: Lowering, w: Value, a: Attributes, few = true): boolean {
  if (w.dtype !== "float32" || w.shape.length !== 4 || !isStatic(w.shape) || attributesOf("Conv", a).group !== 1)
    return false;
  const [o, i] = imageOf(w);
  return o % block === 0 && (i % block === 0 || (few && i < block));
}

export const conv: Rule = (node, lowering) => {
  const [x, w, bias] = node.inputs as readonly Value[];
  const [y] = node.outputs;
  if (!lowering.fits(y) || !isStatic(x.shape) || !suits(lowering, w, node.attributes)) return null;
  const { strides, pads, dilations } = windowOf(node.attributes, imageOf(w).slice(2));
  const image = imageOf(w)[1] < lowering.block ? lowering.plain(x) : lowering.blocked(x);
  const filters = lowering.packed(w);
  const added = bias ? lowering.plain(bias) : null;
  const window = { strides, pads, dilations };
  if (!added && suitsTiles(filters, window, imageOf(y)))
    return [{ blocked: convolveTiles(image, filters, lowering.block) }];
  const fuse = (tail: { readonly sum?: Value | null; readonly relu?: boolean }) =>
    convolve(image, filters, window, imageOf(y), { ...tail, bias: added });
  return [{ blocked: fuse({}), fuse }];
};
