/**
 * The forms of filter gradients on devices and what they were chosen over, timed at the shapes of steps on a provider. What the
 * engine makes of a model there is timed: on WebGPU a convolution by large filters goes in groups.
 */
import {
  type Attributes,
  add,
  asConvolution,
  buildModel,
  type Expansion,
  expandComposites,
  fewNodes,
  forHalfDevices,
  input,
  inputsOf,
  portable,
  sum,
  type Value,
} from "../../src/graph/index.js";
import { openEngine } from "../../src/runtime/index.js";
import { flags } from "./flags.js";
import { gaussian, median, milliseconds, type Row, timings } from "./measure.js";

interface Layer {
  /** Images, channels, side. */
  readonly x: readonly [number, number, number];
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
}

const layer = (images: number, channels: number, side: number, filters: number, kernel: number, stride = 1): Layer => ({
  x: [images, channels, side],
  filters,
  kernel,
  stride,
});

/** Of ResNet-18 and ResNet-50 on images of 224 pixels, of ResNet-18 on 32, and of ResNet-8. */
const layers: readonly Layer[] = [
  layer(64, 3, 224, 64, 7, 2),
  layer(64, 64, 56, 64, 3),
  layer(64, 64, 56, 128, 3, 2),
  layer(64, 128, 28, 128, 3),
  layer(64, 256, 14, 256, 3),
  layer(64, 512, 7, 512, 3),
  layer(64, 64, 56, 256, 1),
  layer(64, 256, 56, 64, 1),
  layer(64, 512, 28, 128, 1),
  layer(64, 1024, 14, 256, 1),
  layer(64, 2048, 7, 512, 1),
  layer(64, 1024, 14, 2048, 1, 2),
  layer(256, 64, 32, 64, 3),
  layer(256, 512, 4, 512, 3),
  layer(64, 16, 28, 16, 3),
  layer(64, 64, 7, 64, 3),
];

/** dw from x, dy and the window. */
type Form = (x: Value, dy: Value, a: Attributes) => Value;

/** Positions of the largest maps that are taken as filters: with many more a card gives no answer, and may hang. */
const mostPositions = 28 * 28;

const by =
  (expansion?: Expansion): Form =>
  (x, dy, a) =>
    (expansion as Expansion)([x, dy], a)[0];
const forms: Readonly<Record<string, Form>> = {
  "in groups": by(forHalfDevices.ConvGradWeight),
  "as a convolution": asConvolution,
  "one product": by(portable.ConvGradWeight),
};

async function measure(name: string, { x: [images, channels, side], filters, kernel, stride }: Layer): Promise<Row> {
  const [pad, out] = [(kernel - 1) / 2, Math.ceil(side / stride)];
  const shapes = { x: [images, channels, side, side], dy: [images, filters, out, out] };
  const window = { kernel: [kernel, kernel], strides: [stride, stride], pads: Array<number>(4).fill(pad) };
  const base = (a: Value, b: Value): Value => add(sum(a), sum(b));
  const engine = await openEngine({ provider: flags.provider, crossCheck: false });
  await engine.write({ x: gaussian(shapes.x), dy: gaussian(shapes.dy) });
  const models = new Map<string, (a: Value, b: Value) => Value>([["base", base]]);
  const tried = Object.entries(forms).filter(([, form]) => form !== asConvolution || out * out <= mostPositions);
  for (const [form, make] of tried) models.set(form, (a, b) => add(base(a, b), sum(make(a, b, window))));
  const seconds = new Map<string, number[]>();
  for (const [form, build] of models) {
    const [made] = expandComposites([build(input("x", shapes.x), input("dy", shapes.dy))]);
    const graph = fewNodes({ name: form, inputs: inputsOf([made]), outputs: { out: made } });
    await engine.load(form, buildModel(graph));
    seconds.set(form, []);
  }
  for (let round = 0; round < Number(flags.rounds); round++)
    for (const [form, all] of seconds)
      all.push(median(await timings(Number(flags.steps), () => engine.run(form, {}, ["out"]))));
  await engine.close();
  const spent = (form: string) => median(seconds.get(form) as number[]);
  const milli = tried.map(([form]) => [`${form} ms`, milliseconds(spent(form) - spent("base"))]);
  return { name, ...Object.fromEntries(milli) };
}

export const deviceChoiceRows = layers.map((one) => ({
  name: `filter gradient ${one.kernel}×${one.kernel}/${one.stride} [${one.x[0]},${one.x[1]},${one.x[2]},${one.x[2]}] to ${one.filters}`,
  measure: (own: string) => measure(own, one),
}));
