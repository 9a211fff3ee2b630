/** The process of a probe: `node probeChild.js PROVIDER` writes the answer as one line of JSON. */
import { buildModel, cast, conv, input, matMul, relu, reshape, scatterND, slice, sum } from "../graph/index.js";
import { normal, random } from "../random.js";
import { type Engine, openEngine } from "./engine.js";
import type { DataArray } from "./messages.js";
import type { Placement } from "./placement.js";
import type { Probe } from "./probe.js";

const largestError = 1e-4;

const draw = random(0);
const gaussian = (...shape: number[]): DataArray => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((p, d) => p * d, 1) }, () => normal(draw)),
});

/** Three steps of a little of everything that training is made of, with state that goes round: the numbers at their end. */
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

/** 10⁹ operations a second of a graph, the faster of two runs after a first; its inputs stay with the engine. */
async function rate(engine: Engine, operations: number, model: Uint8Array, state: Record<string, DataArray>) {
  await engine.write(state);
  await engine.load("timed", model);
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 3; i++) {
    const began = performance.now();
    await engine.run("timed", {}, ["y"]);
    if (i > 0) best = Math.min(best, performance.now() - began);
  }
  await engine.unload("timed");
  await engine.drop(Object.keys(state));
  return operations / best / 1e6;
}

/** Products of [n, n]. */
function matrixProduct(engine: Engine, n: number): Promise<number> {
  const [a, b] = [input("a", [n, n]), input("b", [n, n])];
  const model = buildModel({ name: "product", inputs: [a, b], outputs: { y: sum(matMul(a, b)) } });
  return rate(engine, 2 * n ** 3, model, { a: gaussian(n, n), b: gaussian(n, n) });
}

/** 3×3 convolutions of maps of n × n, 32 channels to 32. */
function convolution(engine: Engine, images: number, n: number): Promise<number> {
  const [x, w] = [input("x", [images, 32, n, n]), input("w", [32, 32, 3, 3])];
  const model = buildModel({ name: "maps", inputs: [x, w], outputs: { y: sum(conv(x, w, { pads: [1, 1, 1, 1] })) } });
  const state = { x: gaussian(images, 32, n, n), w: gaussian(32, 32, 3, 3) };
  return rate(engine, 2 * images * n * n * 32 * 32 * 9, model, state);
}

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

async function tried(provider: string): Promise<Probe> {
  const placed: Placement[] = [];
  const engine = await openEngine({ provider, onPlaced: (p) => placed.push(p) });
  const given = {
    x: gaussian(2, 4, 8, 8),
    w: gaussian(4, 4, 3, 3),
    v: gaussian(64, 8),
    rows: { shape: [2, 1], data: BigInt64Array.of(5n, 63n) },
  };
  const found = await trained(engine, given);
  const cpu = await openEngine();
  const expected = await trained(cpu, given);
  await cpu.close();
  const size = Math.max(...expected.map(Math.abs));
  const error = Math.max(...found.map((x, i) => Math.abs(x - expected[i]))) / size;
  if (!(error <= largestError))
    return {
      provider,
      runs: false,
      reason: `its numbers differ from the CPU's by ${error.toExponential(1)} of the largest`,
    };
  const elsewhere = placed.find((p) => p.heavyElsewhere);
  if (elsewhere) return { provider, runs: false, reason: "its convolutions and products run on another provider" };
  // A slow provider is told by small sizes; a fast one needs large ones to be told apart from its launch times.
  const small = await convolution(engine, 1, 28);
  const isFast = small > 1;
  const answer: Probe = {
    provider,
    runs: true,
    matrixProduct: await matrixProduct(engine, isFast ? 1024 : 128),
    convolution: isFast ? await convolution(engine, 8, 56) : small,
    float16: await runsFloat16(engine, placed),
  };
  await engine.close();
  return answer;
}

const provider = process.argv[2];
const answer: Probe = await tried(provider).catch((error: Error) => ({ provider, runs: false, reason: error.message }));
process.stdout.write(`${JSON.stringify(answer)}\n`);
