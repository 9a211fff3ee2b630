/** Nodes of every native op, at sizes that take every way through its kernels. */
import { type DenseArray, elements } from "../../src/array.js";
import type { Engine } from "../../src/engine/index.js";
import {
  type Attributes,
  applyNative,
  buildModel,
  input,
  maxPool,
  type NativeOp,
  standardModel,
} from "../../src/graph/index.js";
import { normal, random } from "../../src/random.js";

interface Case {
  readonly op: NativeOp;
  /** Of every input by its name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly attributes: Attributes;
  /** Added to x; whether its numbers are whole, so that many are equal. */
  readonly offset?: number;
  readonly whole?: boolean;
}

/** Small and large maps, by one and four floats, one piece and many, one channel and many, a vector for each image. */
const images = [
  [2, 3, 5, 5],
  [4, 16, 8, 8],
  [64, 8, 32, 32],
  [8, 1, 64, 64],
  [3, 2050, 2, 2],
  [9, 5, 1, 1],
  [2, 1, 33, 1],
  [128, 64, 7, 7],
] as const;

const epsilon = 1e-5;
const ofChannels = ([, c]: readonly number[], ...names: string[]) => Object.fromEntries(names.map((n) => [n, [c]]));

const normalizations: readonly Case[] = images.flatMap((x): Case[] => {
  const given = { x, ...ofChannels(x, "scale", "bias", "mean", "variance") };
  const back = { dy: x, x, ...ofChannels(x, "scale", "mean", "variance") };
  return [
    ...[0, 100].map((offset): Case => ({ op: "BatchStatistics", shapes: { x }, attributes: {}, offset })),
    ...[0, 1].flatMap((rectified): Case[] => [
      { op: "BatchNormalize", shapes: given, attributes: { epsilon, rectified } },
      { op: "BatchNormalize", shapes: { ...given, other: x }, attributes: { epsilon, rectified } },
    ]),
    { op: "BatchNormGrad", shapes: back, attributes: { epsilon } },
    { op: "BatchNormGrad", shapes: { ...back, ...ofChannels(x, "bias") }, attributes: { epsilon } },
    { op: "ReluGrad", shapes: { dy: x, y: x }, attributes: {} },
  ];
});

const windows = [
  { x: [3, 4, 9, 8], kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], dilations: [1, 1] },
  { x: [2, 6, 12, 12], kernel: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1] },
  { x: [2, 4, 11, 10], kernel: [3, 2], strides: [1, 2], pads: [2, 0, 2, 0], dilations: [2, 1] },
  { x: [2, 4, 8, 8], kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1] },
  { x: [5, 8, 7, 7], kernel: [1, 1], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1] },
  { x: [2, 3, 32, 32], kernel: [7, 7], strides: [2, 2], pads: [3, 3, 3, 3], dilations: [1, 1] },
] as const;

const out = ({ x, kernel, strides, pads, dilations }: (typeof windows)[number]): number[] =>
  kernel.map((k, i) => Math.floor((x[2 + i] + 2 * pads[i] - dilations[i] * (k - 1) - 1) / strides[i]) + 1);

const windowed: readonly Case[] = windows.flatMap((w): Case[] => {
  const { x, kernel, strides, pads, dilations } = w;
  const [n, c] = x;
  const around = { strides, pads, dilations };
  const groups = c % 2 === 0 ? [1, 2] : [1];
  const y = [n, c, ...out(w)];
  const pooled = kernel.every((k, i) => k > pads[i]);
  return [
    ...(pooled
      ? [false, true].map(
          (whole): Case => ({
            op: "MaxPoolGrad",
            shapes: { dy: y, x, y },
            attributes: { kernel_shape: kernel, ...around },
            whole,
          }),
        )
      : []),
    ...groups.flatMap((group): Case[] => [
      { op: "Convolve", shapes: { x, w: [6, c / group, ...kernel] }, attributes: { ...around, group } },
      { op: "ConvGradWeight", shapes: { x, dy: [n, 6, ...out(w)] }, attributes: { ...around, group, kernel } },
    ]),
  ];
});

export const cases = [...normalizations, ...windowed];

export const nameOf = ({ op, shapes, attributes, offset = 0, whole = false }: Case): string =>
  `${op} of ${Object.entries(shapes)
    .map(([name, shape]) => `${name} [${shape}]`)
    .join(", ")} ${JSON.stringify(attributes)}${offset ? ` around ${offset}` : ""}${whole ? " of whole numbers" : ""}`;

/** How far a case's outputs on an engine are from the CPU's in standard ops, of the largest; and whether three runs gave the same bits. */
export async function compared(c: Case, engine: Engine, cpu: Engine): Promise<{ error: number; steady: boolean }> {
  const draw = random(7);
  const inputs = Object.entries(c.shapes).map(([name, shape]) => input(name, shape));
  const made = applyNative(c.op, inputs, c.attributes);
  const outputs = Object.fromEntries(made.map((v, i) => [`out${i}`, v]));
  const model = buildModel({ name: "case", inputs, outputs });
  const given: Record<string, DenseArray> = Object.fromEntries(
    Object.entries(c.shapes).map(([name, shape]) => {
      const number = () =>
        name === "variance" ? 0.5 + normal(draw) ** 2 : normal(draw) + (name === "x" ? (c.offset ?? 0) : 0);
      const data = Float32Array.from({ length: elements(shape) }, () => (c.whole ? Math.round(number()) : number()));
      return [name, { shape, data }];
    }),
  );
  if (c.op === "MaxPoolGrad") given.y = await pooledOn(cpu, c, given.x);
  const names = Object.keys(outputs);
  await engine.load("case", model);
  const expected = c.op === "BatchStatistics" ? statistics(given.x) : await standardOn(cpu, model, given, names);
  const runs = [];
  for (let i = 0; i < 3; i++) runs.push(await engine.run("case", given, names));
  await engine.unload("case");
  let error = 0;
  for (const name of names) {
    const [ours, theirs] = [runs[0][name].data, expected[name].data].map((d) => [...d].map(Number));
    const size = theirs.reduce((a, v) => Math.max(a, Math.abs(v)), c.op === "BatchStatistics" ? 1 : 1e-6);
    for (const [i, v] of theirs.entries()) {
      const difference = Math.abs(ours[i] - v) / size;
      error = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(error, difference);
    }
  }
  const bits = runs.map((run) => names.map((name) => Buffer.from(run[name].data.buffer).toString("base64")).join());
  return { error, steady: bits.every((b) => b === bits[0]) };
}

async function standardOn(cpu: Engine, model: Uint8Array, given: Record<string, DenseArray>, names: readonly string[]) {
  await cpu.load("case", standardModel(model));
  const expected = await cpu.run("case", given, names);
  await cpu.unload("case");
  return expected;
}

/** Mean and biased variance of each channel in float64: the CPU's own sums are less accurate than the kernel's. */
function statistics({ shape, data }: DenseArray): Record<string, DenseArray> {
  const [images, channels, ...map] = shape;
  const area = elements(map);
  const [means, variances] = [new Float64Array(channels), new Float64Array(channels)];
  const each = (f: (c: number, v: number) => void) => {
    for (let at = 0; at < data.length; at++) f(Math.floor(at / area) % channels, Number(data[at]));
  };
  const size = images * area;
  each((c, v) => {
    means[c] += v / size;
  });
  each((c, v) => {
    variances[c] += (v - means[c]) ** 2 / size;
  });
  return {
    out0: { shape: [channels], data: Float32Array.from(means) },
    out1: { shape: [channels], data: Float32Array.from(variances) },
  };
}

/** y of pooling x as a case says. */
async function pooledOn(cpu: Engine, c: Case, x: DenseArray): Promise<DenseArray> {
  const v = input("x", x.shape);
  const { kernel_shape: kernel, ...around } = c.attributes as { kernel_shape: number[] };
  await cpu.load("pool", buildModel({ name: "pool", inputs: [v], outputs: { y: maxPool(v, kernel, around) } }));
  const { y } = await cpu.run("pool", { x }, ["y"]);
  await cpu.unload("pool");
  return y;
}
