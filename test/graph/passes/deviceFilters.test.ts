import test from "ava";
import {
  type Attributes,
  asConvolution,
  buildModel,
  type Expansion,
  fewNodes,
  inGroups,
  input,
  portable,
  type Value,
} from "../../../src/graph/index.js";
import { session, tensorOf, uniform } from "../gradientError.js";

/** Images, their channels and side; filters; kernel, stride, padding, dilation. */
const layers = [
  { x: [6, 4, 7], filters: 5, kernel: 3, stride: 1, pad: 1, dilation: 1 },
  { x: [2, 3, 9], filters: 4, kernel: 7, stride: 2, pad: 3, dilation: 1 },
  { x: [2, 3, 8], filters: 4, kernel: 3, stride: 2, pad: 1, dilation: 1 },
  { x: [4, 6, 8], filters: 3, kernel: 1, stride: 2, pad: 0, dilation: 1 },
  { x: [1, 2, 5], filters: 2, kernel: 1, stride: 1, pad: 0, dilation: 1 },
  { x: [2, 2, 9], filters: 3, kernel: 3, stride: 3, pad: 0, dilation: 1 },
  { x: [2, 2, 9], filters: 3, kernel: 3, stride: 2, pad: 2, dilation: 2 },
  { x: [2, 2, 10], filters: 3, kernel: 2, stride: 4, pad: 0, dilation: 1 },
] as const;

type Form = (x: Value, dy: Value, a: Attributes) => Value;

function formsOf(images: number): readonly (readonly [string, Form])[] {
  const groups = [...new Set([1, 2, 3, images])].filter((g) => images % g === 0);
  return [
    ["as a convolution", asConvolution],
    ...groups.map((g): [string, Form] => [`in ${g} groups`, (x, dy, a) => inGroups(x, dy, a, g)]),
  ];
}

for (const {
  x: [images, channels, side],
  filters,
  kernel,
  stride,
  pad,
  dilation,
} of layers)
  for (const [form, make] of formsOf(images))
    test(`the filter gradient ${form} is the portable one: ${kernel}×${kernel}/${stride}, dilation ${dilation}, [${images},${channels},${side},${side}] to ${filters}`, async (t) => {
      const out = Math.floor((side + 2 * pad - dilation * (kernel - 1) - 1) / stride) + 1;
      const samples = { x: uniform([images, channels, side, side]), dy: uniform([images, filters, out, out], 2, 7) };
      const [a, b] = [input("x", samples.x.shape), input("dy", samples.dy.shape)];
      const window = {
        kernel: [kernel, kernel],
        strides: [stride, stride],
        pads: [pad, pad, pad, pad],
        dilations: [dilation, dilation],
      };
      const outputs = {
        found: make(a, b, window),
        expected: (portable.ConvGradWeight as Expansion)([a, b], window)[0],
      };
      t.deepEqual(outputs.found.shape, [filters, channels, kernel, kernel]);
      const run = await session(buildModel(fewNodes({ name: "filters", inputs: [a, b], outputs })));
      const { found, expected } = await run({ x: tensorOf(samples.x), dy: tensorOf(samples.dy) });
      const scale = Math.max(...Array.from(expected.data as Float32Array, Math.abs));
      for (const [i, value] of (expected.data as Float32Array).entries())
        t.true(Math.abs((found.data as Float32Array)[i] - value) < 1e-5 * scale);
    });
