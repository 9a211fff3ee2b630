/** Native ops in standard ones: for the CPU, which their results are compared with. */
import { add, applyAll, div, mean, mul, relu, reshape, sqrt, sub } from "../../apply.js";
import { channelwise, notChannels } from "../../axes.js";
import { stepOf } from "../../gradients/elementwise.js";
import { type NativeOp, nativeAttributes, nativeDomain } from "../../ops/index.js";
import type { Value } from "../../value.js";
import type { Expansion } from "../expand/expansion.js";
import { portable } from "../expand/index.js";
import { rewriteGraph } from "../rewrite.js";

const normalized: Expansion = ([x, scale, bias, average, variance, other], a) => {
  const { epsilon, rectified } = nativeAttributes("BatchNormalize", a);
  const [y] = applyAll("BatchNormalization", [x, scale, bias, average, variance], { epsilon });
  const sum = other ? add(y, other) : y;
  return [rectified === 1 ? relu(sum) : sum];
};

const standard: Readonly<Record<NativeOp, Expansion>> = {
  ConvGradWeight: portable.ConvGradWeight,
  MaxPoolGrad: portable.MaxPoolGrad,
  Convolve: (inputs, a) => applyAll("Conv", inputs as readonly Value[], a),
  BatchStatistics([x]) {
    const others = notChannels(x);
    const average = mean(x, others, true);
    const centred = sub(x, average);
    const channels = [x.shape[1] as number];
    return [reshape(average, channels), mean(mul(centred, centred), others)];
  },
  BatchNormalize: normalized,
  BatchNormGrad([dy, x, scale, average, variance, bias], a) {
    const { epsilon } = nativeAttributes("BatchNormGrad", a);
    if (!bias) return portable.BatchNormGrad([dy, x, scale, average, variance], { epsilon });
    // as the kernels make y again
    const slope = channelwise(div(scale, sqrt(add(variance, epsilon))), x);
    const y = add(mul(sub(x, channelwise(average, x)), slope), channelwise(bias, x));
    return portable.BatchNormGrad([mul(dy, stepOf(relu(y))), x, scale, average, variance], { epsilon });
  },
  ReluGrad: ([dy, y]) => [mul(dy, stepOf(relu(y)))],
};

/** `outputs` without native nodes. */
export const withoutNatives = (outputs: readonly Value[]): readonly Value[] =>
  rewriteGraph(outputs, (node, inputs) =>
    node.domain === nativeDomain ? standard[node.op as NativeOp](inputs as readonly Value[], node.attributes) : null,
  );
