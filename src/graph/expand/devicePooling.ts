/**
 * The gradient of max pooling in a dozen nodes: the taps of every window side by side by one convolution, equal shares for those
 * that are its maximum, and the same convolution transposed to add the shares up. The maximum is taken of the taps
 * themselves, so that one rounded by a convolution in TF32 still meets it.
 */
import { apply, cast, conv, div, equal, max, mul, pad, reshape, sum } from "../apply.js";
import { windowOf } from "../ops.js";
import { isStatic } from "../shapes.js";
import type { Value } from "../value.js";
import { around, listOf } from "./convolution.js";
import { tapFilters } from "./deviceFilters.js";
import type { Expansion } from "./expansion.js";
import { lowest, maxPoolGrad } from "./pooling.js";

export const deviceMaxPoolGrad: Expansion = (inputs, a) => {
  const [dy, x, y] = inputs;
  const kernel = listOf(a, "kernel_shape");
  if (x.shape.length !== 4 || !isStatic(x.shape) || !isStatic(y.shape) || a.ceil_mode) return maxPoolGrad(inputs, a);
  const { strides, pads, dilations } = windowOf(a, kernel);
  const [n, c, ...spatial] = x.shape as readonly number[];
  const out = y.shape.slice(2) as readonly number[];
  const window = { strides, dilations };
  const padded = pad(x, [...around(pads.slice(0, 2), 2), ...around(pads.slice(2), 2)], lowest);
  const size = padded.shape.slice(2) as readonly number[];
  const filters = tapFilters(kernel);
  const met = conv(reshape(padded, [n * c, 1, ...size]), filters, window); // [N·C, taps, …]
  const hits = cast(equal(met, max(met, [1], true)), dy.dtype);
  const share = div(reshape(dy, [n * c, 1, ...out]), sum(hits, [1], true));
  const left = spatial.map(
    (d, i) => d - (strides[i] * (out[i] - 1) + dilations[i] * (kernel[i] - 1) + 1 - pads[i] - pads[i + 2]),
  );
  const attributes = {
    ...window,
    pads: [...pads.slice(0, 2), ...left.map((extra, i) => pads[i + 2] + Math.max(0, -extra))],
    output_padding: left.map((extra) => Math.max(0, extra)),
  };
  const dx: Value = apply("ConvTranspose", [mul(hits, share), filters], attributes);
  return [reshape(dx, x.shape as readonly number[])];
};
