/** Pooling on blocked memory. */
import { expand, reshape } from "../apply.js";
import { maxPoolGradient } from "../expand/pooling.js";
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

/** The portable form on blocked memory seen as [N·C/b, H, W, b]: its strided copies then move whole blocks. */
export const blockedMaxPoolGrad: Rule = (node, lowering) => {
  const inputs = node.inputs as readonly Value[];
  const { block } = lowering;
  if (!inputs.every((v) => lowering.fits(v))) return null;
  const lanes = inputs.map((v) => {
    const [n, c, h, w] = imageOf(v);
    return view(lowering.blocked(v), [(n * c) / block, h, w, block]);
  });
  return [{ blocked: view(maxPoolGradient(lanes, node.attributes, 1), imageOf(node.outputs[0])) }];
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
