/**
 * Average pooling is a convolution of every channel by itself with a kernel of ones, divided by how many elements a window
 * averages; so its cotangent is that convolution's, of g divided by the same numbers. Max pooling is a composite, since its
 * best form depends on the runtime: ties share the cotangent equally.
 */
import { apply, div, reshape } from "../apply.js";
import { type FilledOf, windowOf } from "../ops/index.js";
import { reshapeLike } from "../reshaping.js";
import { constant } from "../value.js";
import { spatial } from "./convolution.js";
import type { Rule } from "./rule.js";

export const maxPoolRule: Rule = (g, { inputs: [x], outputs: [y], given }) => [apply("MaxPoolGrad", [g, x, y], given)];

export const averagePoolRule: Rule<FilledOf<"AveragePool">> = (g, { inputs: [x], attributes }) => {
  const kernel = attributes.kernel_shape;
  const window = windowOf(attributes, kernel);
  const out = spatial(g);
  const divisors = windowCounts(spatial(x), out, window, attributes.count_include_pad === 1);
  const shared = div(g, divisors.every((d) => d === divisors[0]) ? divisors[0] : constant(divisors, [1, 1, ...out]));
  const flat = reshape(shared, [-1, 1, ...out]); // every channel an image
  const filter = constant(Array(kernel.reduce((p, d) => p * d, 1)).fill(1), [1, 1, ...kernel]);
  const { strides, pads, dilations } = window;
  return [reshapeLike(apply("ConvGradInput", [flat, filter], { strides, pads, dilations, input: spatial(x) }), x)];
};

/** How many elements each window averages: those inside the image, or inside its padding too. */
function windowCounts(
  input: readonly number[],
  out: readonly number[],
  w: ReturnType<typeof windowOf>,
  padded: boolean,
): number[] {
  const along = out.map((size, axis) =>
    Array.from({ length: size }, (_, i) => {
      const first = i * w.strides[axis] - w.pads[axis];
      const taps = Array.from({ length: w.kernel[axis] }, (_, t) => first + t * w.dilations[axis]);
      const start = padded ? -w.pads[axis] : 0;
      const end = input[axis] + (padded ? w.pads[axis + out.length] : 0);
      return taps.filter((p) => p >= start && p < end).length;
    }),
  );
  return along.reduce((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
}
