/**
 * The choices of the lowering rules, each timed against what it was chosen over, at the shapes of the benchmark's steps: run on
 * another machine they tell whether its choices would be others.
 */
import {
  add,
  buildModel,
  expandComposites,
  greater,
  input,
  inputsOf,
  mul,
  relu,
  sum,
  type Value,
  where,
} from "../../src/graph/index.js";
import { affine, convolve, imageOf, toBlocked, view } from "../../src/graph/passes/lower/kernels.js";
import { pixelProduct, swappedLanes, swappedRoles } from "../../src/graph/passes/lower/weightGradient.js";
import { convolveTiles } from "../../src/graph/passes/lower/winograd.js";
import { node } from "../../src/graph/value.js";
import { chooseTarget, openEngine } from "../../src/runtime/index.js";
import { flags } from "./flags.js";
import { gaussian, median, milliseconds, type Row, ratio, timings } from "./measure.js";

type Image = readonly [number, number, number, number];

/** A choice at a shape: the form in use and the other, as functions of blocked images. */
interface Choice {
  readonly name: string;
  readonly x: Image;
  /** The other image, as a gradient, or filters. */
  readonly y: Image;
  readonly chosen: (x: Value, y: Value, b: number) => Value;
  readonly other: (x: Value, y: Value, b: number) => Value;
}

const same = (x: Image): Pick<Choice, "x" | "y"> => ({ x, y: x });
const three = { kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1] };
const one = { kernel: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0] };
const ones = (count: number): Value => input("scale", [count]);
const plain = (x: Value): Value =>
  node(
    "ReorderOutput",
    [x],
    { channels: x.shape[1] as number },
    [{ dtype: "float32", shape: x.shape }],
    "com.microsoft.nchwc",
  ).outputs[0];

const weightGradient = (x: Image, channels: number): Choice => ({
  name: `weight gradient 3×3 [${x}]: lanes along rows / roles swapped`,
  x,
  y: [x[0], channels, x[2], x[3]],
  chosen: (x, y, b) => swappedLanes(x, y, three, b),
  other: (x, y, b) => swappedRoles(plain(x), y, three, b),
});

const oneTap = (x: Image, channels: number): Choice => ({
  name: `weight gradient 1×1 [${x}] to ${channels}: product of pixels / lanes along rows`,
  x,
  y: [x[0], channels, x[2], x[3]],
  chosen: (x, y) => pixelProduct(x, y, [1, 1]),
  other: (x, y, b) => swappedLanes(x, y, one, b),
});

const tiles = (x: Image, filters: number): Choice => ({
  name: `3×3 [${x}] to ${filters}: Winograd along rows / direct`,
  x,
  y: [filters, x[1], 3, 3],
  chosen: (x, w, b) => convolveTiles(x, w, b),
  other: (x, w) =>
    convolve(x, w, { strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] }, imageOf(x).with(1, filters)),
});

const choices: readonly Choice[] = [
  tiles([8, 64, 56, 56], 64),
  tiles([8, 128, 28, 28], 128),
  tiles([8, 256, 14, 14], 256),
  tiles([32, 128, 16, 16], 128),
  tiles([32, 64, 32, 32], 64),
  weightGradient([8, 64, 56, 56], 64),
  weightGradient([8, 512, 7, 7], 512),
  weightGradient([32, 64, 32, 32], 64),
  weightGradient([64, 16, 32, 32], 16),
  oneTap([8, 256, 56, 56], 64),
  oneTap([8, 64, 56, 56], 256),
  oneTap([8, 1024, 14, 14], 256),
  oneTap([8, 2048, 7, 7], 512),
  {
    name: "Σ a·b by channel [8,64,56,56]: image as filter / Mul, ReduceSum",
    ...same([8, 64, 56, 56]),
    chosen: (x, y) =>
      sum(
        view(convolve(view(x, [1, 512, 56, 56]), view(y, [512, 1, 56, 56]), { group: 512 }, [1, 512, 1, 1]), [8, 64]),
        [0],
      ),
    other: (x, y, b) => sum(view(mul(x, y), [8, 64 / b, 56 * 56, b]), [0, 2]),
  },
  {
    name: "scale, add, ReLU [8,64,56,56]: depthwise convolution / Mul, Add, Relu",
    ...same([8, 64, 56, 56]),
    chosen: (x, y) => affine(x, ones(64), { sum: y, relu: true }),
    other: (x, y, b) =>
      relu(
        add(mul(view(x, [8, 64 / b, 56 * 56, b]), view(ones(64), [64 / b, 1, b])), view(y, [8, 64 / b, 56 * 56, b])),
      ),
  },
  {
    name: "gradient of ReLU [8,64,56,56]: HardSigmoid, Mul / Greater, Where",
    ...same([8, 64, 56, 56]),
    chosen: (x, y) =>
      mul(y, node("HardSigmoid", [x], { alpha: 1e30, beta: 0 }, [{ dtype: "float32", shape: x.shape }]).outputs[0]),
    other: (x, y) => where(greater(x, 0), y, mul(y, 0)),
  },
];

/** Milliseconds of both forms, without what brings the images into blocked memory. */
async function measure(name: string, { x, y, chosen: form, other: alternative }: Choice): Promise<Row> {
  const engine = await openEngine();
  const target = await chooseTarget(engine);
  if (target.kind !== "blocked") {
    await engine.close();
    return { name, note: "this machine has no blocked kernels" };
  }
  await engine.write({ x: gaussian(x), y: gaussian(y), scale: gaussian([x[1]]) });
  const all = { chosen: form, other: alternative, base: (a: Value, b: Value) => add(sum(a), sum(b)) };
  const seconds: Record<string, number[]> = {};
  for (const [form, build] of Object.entries(all)) {
    const [a, b] = [toBlocked(input("x", x)), toBlocked(input("y", y))];
    const result = add(all.base(a, b), sum(build(a, b, target.block)));
    const [out] = expandComposites([form === "base" ? all.base(a, b) : result]);
    await engine.load(form, buildModel({ name: form, inputs: inputsOf([out]), outputs: { out } }));
    seconds[form] = [];
  }
  for (let round = 0; round < Number(flags.rounds); round++)
    for (const form of Object.keys(all))
      seconds[form].push(median(await timings(Number(flags.steps), () => engine.run(form, {}, ["out"]))));
  await engine.close();
  const base = median(seconds.base);
  const [chosen, other] = [median(seconds.chosen) - base, median(seconds.other) - base];
  return { name, chosenMs: milliseconds(chosen), otherMs: milliseconds(other), ratio: ratio(chosen, other) };
}

export const choiceRows = choices.map((choice) => ({
  name: `choice: ${choice.name}`,
  measure: (own: string) => measure(own, choice),
}));
