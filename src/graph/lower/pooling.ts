/** Pooling on blocked memory. The gradient of max-pooling stays portable, where ties share. */
import { expand, reshape } from "../apply.js";
import { windowOf } from "../ops.js";
import type { Attributes, Value } from "../value.js";
import type { Rule } from "./forms.js";
import { globalMean, imageOf, maxPool, view } from "./kernels.js";

export const blockedMaxPool: Rule = (node, lowering) => {
  const [x] = node.inputs as readonly Value[];
  if (node.outputs.length > 1 || !lowering.fits(x) || !lowering.isBlocked(x) || node.attributes.ceil_mode) return null;
  const kernel = node.attributes.kernel_shape as readonly number[];
  const { strides, pads, dilations } = windowOf(node.attributes, kernel);
  const attributes: Attributes = { kernel_shape: kernel, strides, pads, dilations };
  return [{ blocked: maxPool(lowering.blocked(x), attributes, imageOf(node.outputs[0])) }];
};

export const globalAverage: Rule = (node, lowering) => {
  const [x] = node.inputs as readonly Value[];
  if (!lowering.fits(x) || !lowering.isBlocked(x)) return null;
  return [{ plain: globalMean(lowering.blocked(x)) }];
};

/** [N,C,1,1] spread over an image: the gradient of global average pooling. */
export const spread: Rule = (node, lowering) => {
  const [x] = node.inputs as readonly Value[];
  const [y] = node.outputs;
  if (!lowering.fits(y) || !lowering.fits(x) || imageOf(x)[2] * imageOf(x)[3] !== 1) return null;
  const [n, c, h, w] = imageOf(y);
  const { block } = lowering;
  if (imageOf(x)[0] !== n || imageOf(x)[1] !== c) return null;
  const lanes = reshape(lowering.plain(x), [n, c / block, 1, block]);
  return [{ blocked: view(expand(lanes, [n, c / block, h * w, block]), [n, c, h, w]) }];
};
