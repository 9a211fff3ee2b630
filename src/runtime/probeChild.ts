/** The process of a probe: `node probeChild.js PROVIDER` writes the answer as one line of JSON. */

import type { DataArray, Engine, Placement } from "../engine/index.js";
import { precisionsOf } from "../engine/index.js";
import {
  buildModel,
  cast,
  conv,
  input,
  inputsOf,
  matMul,
  relu,
  reshape,
  scatterND,
  slice,
  sum,
  type Value,
} from "../graph/index.js";
import type { Precision } from "../precision.js";
import { normal, random } from "../random.js";
import { openEngine } from "./engine.js";
import type { Probe } from "./probe.js";

/** How far the numbers of a small training may be from the CPU's, relative to the largest. */
const largestError = { fp32: 1e-4, tf32: 1e-2 } as const;

const draw = random(0, "probe");
const gaussian = (...shape: number[]): DataArray => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => normal(draw)),
});

/** Three steps of a small graph of what training is made of, with state: the numbers after the last. */
async function trained(engine: Engine, given: Record<string, DataArray>): Promise<readonly number[]> {
  const [x, w, v, rows] = [
    input("x", [2, 4, 8, 8]),
    input("w", [4, 4, 3, 3]),
    input("v", [64, 8]),
    input("rows", [2, 1], "int64"),
  ];
  const product = matMul(reshape(relu(conv(x, w, { pads: [1, 1, 1, 1] })), [8, 64]), v); // [8, 8]
  const outputs = { next: scatterND(v, rows, slice(product, 0, 0, 2)), total: sum(product) };
  await engine.load("step", buildModel({ name: "step", inputs: [x, w, v, rows], outputs }), { state: { v: "next" } });
  const { v: start, ...fed } = given;
  await engine.write({ v: start });
  for (let i = 0; i < 2; i++) await engine.run("step", fed, []);
  const { total } = await engine.run("step", fed, ["total"]);
  const { v: end } = await engine.read(["v"]);
  await engine.unload("step");
  return [...Array.from(total.data, Number), ...Array.from(end.data, Number)];
}

/** A graph to time: its operations, its model and what it is given. */
interface Timed {
  readonly operations: number;
  readonly y: Value;
  readonly given: Readonly<Record<string, DataArray>>;
}

/** In runs at least this long the time to start one does not count. */
const longEnoughMs = 15;

/**
 * 10⁹ operations a second, at the first size whose run is long enough, or else the last size: the faster of two runs after a
 * first one. Inputs stay with the engine.
 */
async function rate(engine: Engine, sizes: readonly (() => Timed)[]): Promise<number> {
  let found = 0;
  for (const size of sizes) {
    const { operations, y, given } = size();
    await engine.write(given);
    await engine.load("timed", buildModel({ name: "timed", inputs: inputsOf([y]), outputs: { y } }));
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++) {
      const began = performance.now();
      await engine.run("timed", {}, ["y"]);
      if (i > 0) best = Math.min(best, performance.now() - began);
    }
    await engine.unload("timed");
    await engine.drop(Object.keys(given));
    found = operations / best / 1e6;
    if (best >= longEnoughMs) break;
  }
  return found;
}

/** How many products or convolutions follow each other in a timed graph. */
const inARow = 8;
const repeated = (x: Value, f: (x: Value) => Value): Value => {
  let y = x;
  for (let i = 0; i < inARow; i++) y = f(y);
  return sum(y);
};

/** `gaussian`, scaled so that sums of so many of its products stay near 1. */
const weights = (terms: number, ...shape: number[]): DataArray => {
  const { data } = gaussian(...shape);
  return { shape, data: (data as Float32Array).map((x) => x / Math.sqrt(terms)) };
};

/** Products of [n, n]. */
const products = [64, 128, 256, 512, 1024, 2048, 4096].map((n) => (): Timed => {
  const [a, b] = [input("a", [n, n]), input("b", [n, n])];
  return {
    operations: 2 * n ** 3 * inARow,
    y: repeated(a, (x) => matMul(x, b)),
    given: { a: gaussian(n, n), b: weights(n, n, n) },
  };
});

/** 3×3 convolutions of images with as many channels out as in: images, channels, side. */
const convolutions = (
  [
    [1, 16, 14],
    [1, 32, 28],
    [8, 32, 28],
    [8, 64, 56],
    [32, 64, 56],
    [64, 128, 56],
  ] as const
).map(([n, c, side]) => (): Timed => {
  const [x, w] = [input("x", [n, c, side, side]), input("w", [c, c, 3, 3])];
  return {
    operations: 2 * n * side ** 2 * c ** 2 * 9 * inARow,
    y: repeated(x, (images) => conv(images, w, { pads: [1, 1, 1, 1] })),
    given: { x: gaussian(n, c, side, side), w: weights(9 * c, c, c, 3, 3) },
  };
});

/** Whether a product of float16 runs, and on the provider itself. */
async function runsFloat16(engine: Engine, placed: readonly Placement[]): Promise<boolean> {
  const a = input("a", [8, 8]);
  const half = cast(a, "float16");
  const model = buildModel({ name: "half", inputs: [a], outputs: { y: cast(matMul(half, half), "float32") } });
  try {
    await engine.load("half", model);
    await engine.run("half", { a: gaussian(8, 8) }, ["y"]);
  } catch {
    return false;
  }
  return (
    engine.provider !== "cpu" && placed.every((p) => p.program !== "half" || Object.keys(p.elsewhere).length === 0)
  );
}

/** The numbers of a small training on a provider, and where its nodes ran. */
async function numbers(provider: string, precision: Precision) {
  const placed: Placement[] = [];
  const warnings: string[] = [];
  const engine = await openEngine({
    provider,
    precision,
    crossCheck: false,
    onPlaced: (p) => placed.push(p),
    onWarning: (message) => warnings.push(message),
  });
  return { engine, placed, warnings, found: await trained(engine, given) };
}

const given = {
  x: gaussian(2, 4, 8, 8),
  w: gaussian(4, 4, 3, 3),
  v: gaussian(64, 8),
  rows: { shape: [2, 1], data: BigInt64Array.of(5n, 63n) },
};

async function tried(provider: string): Promise<Probe> {
  const cpu = await numbers("cpu", "fp32");
  await cpu.engine.close();
  const size = Math.max(...cpu.found.map(Math.abs));
  const errorOf = (found: readonly number[]) => Math.max(...found.map((x, i) => Math.abs(x - cpu.found[i]))) / size;
  const { engine, placed, warnings, found } = await numbers(provider, "fp32");
  const error = errorOf(found);
  if (!(error <= largestError.tf32))
    return {
      provider,
      runs: false,
      reason: `its numbers differ from the CPU's by ${error.toExponential(1)} of the largest`,
    };
  const elsewhere = placed.find((p) => p.heavyElsewhere);
  if (elsewhere) return { provider, runs: false, reason: "its convolutions and products run on another provider" };
  const precisions: Precision[] = error <= largestError.fp32 ? ["fp32"] : [];
  if (precisionsOf(engine.provider).includes("tf32")) {
    const rounded = await numbers(provider, "tf32");
    if (errorOf(rounded.found) <= largestError.tf32) precisions.push("tf32");
    await rounded.engine.close();
  }
  if (await runsFloat16(engine, placed)) precisions.push("fp16");
  const answer: Probe = {
    provider,
    runs: true,
    precisions,
    state: (await engine.traffic()).toDevice > 0 ? "device" : "host", // nothing crosses to a state on the host
    matrixProduct: await rate(engine, products),
    convolution: await rate(engine, convolutions),
    warnings,
  };
  await engine.close();
  return answer;
}

const provider = process.argv[2];
const answer: Probe = await tried(provider).catch((error: Error) => ({ provider, runs: false, reason: error.message }));
process.stdout.write(`${JSON.stringify(answer)}\n`);
