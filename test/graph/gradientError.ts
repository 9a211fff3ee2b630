/**
 * The law that every gradient rule must keep: it agrees with central differences. The function's graph and its gradients run on
 * ONNX Runtime's CPU provider in float32; the differences are of fourth order and summed in float64, so that agreement to
 * 1e-3 is a sharp test. Inputs must keep 0.07 away from points where the function has no derivative.
 */
import { InferenceSession, Tensor } from "onnxruntime-node";
import {
  add,
  buildModel,
  constant,
  differentiate,
  expandComposites,
  input,
  isStatic,
  mul,
  sum,
  type Value,
} from "../../src/graph/index.js";
import { normal, permutation, random } from "../../src/random.js";

/** A function's argument: what the graph declares, and the elements it is fed. Integers and bools are not differentiated. */
export interface Sample {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int64" | "bool";
  readonly data: readonly number[];
  /** What the graph is told, where that is less than the shape. */
  readonly declared?: readonly (number | string)[];
}

const total = (shape: readonly number[]) => shape.reduce((p, d) => p * d, 1);

/** Draws in ±`high`, none within 0.15 of zero. */
export function uniform(shape: readonly number[], high = 2, seed = 1): Sample {
  const next = random(seed, ...shape);
  const data = Array.from({ length: total(shape) }, () => (0.15 + next() * (high - 0.15)) * (next() < 0.5 ? -1 : 1));
  return { shape, dtype: "float32", data };
}

/** Draws in [low, high). */
export function between(low: number, high: number, shape: readonly number[], seed = 2): Sample {
  const next = random(seed, ...shape);
  return { shape, dtype: "float32", data: Array.from({ length: total(shape) }, () => low + next() * (high - low)) };
}

/** Draws of which no two, and none and zero, are closer than 0.15: maxima stay where they are under a small step. */
export function spaced(shape: readonly number[], seed = 3): Sample {
  const order = permutation(total(shape), random(seed, ...shape));
  return { shape, dtype: "float32", data: Array.from(order, (i) => (i - order.length / 2 + 0.5) * 0.3) };
}

export const floats = (data: readonly number[], shape: readonly number[] = [data.length]): Sample => ({
  shape,
  dtype: "float32",
  data,
});
export const integers = (data: readonly number[], shape: readonly number[] = [data.length]): Sample => ({
  shape,
  dtype: "int64",
  data,
});
export const bools = (data: readonly number[], shape: readonly number[] = [data.length]): Sample => ({
  shape,
  dtype: "bool",
  data,
});
/** The same sample with some dimensions given to the graph by name only. */
export const named = (sample: Sample, declared: readonly (number | string)[]): Sample => ({ ...sample, declared });

export type Function = (...inputs: Value[]) => Value | readonly Value[];

export const declare = (samples: readonly Sample[]): Value[] =>
  samples.map((s, i) => input(`x${i}`, s.declared ?? s.shape, s.dtype));

export function tensorOf(s: Sample): Tensor {
  if (s.dtype === "int64") return new Tensor("int64", BigInt64Array.from(s.data, BigInt), s.shape);
  if (s.dtype === "bool") return new Tensor("bool", Uint8Array.from(s.data), s.shape);
  return new Tensor("float32", Float32Array.from(s.data), s.shape);
}

/** Runs a model once a call. */
export async function session(bytes: Uint8Array) {
  const made = await InferenceSession.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
  return async (feeds: Readonly<Record<string, Tensor>>) => {
    const known = Object.fromEntries(Object.entries(feeds).filter(([name]) => made.inputNames.includes(name)));
    return made.run(known);
  };
}

/** How composites become ops. */
export type Expand = (outputs: readonly Value[]) => readonly Value[];

/** ∂(Σ yₖ·weightsₖ)/∂x for every float input, by the rules; and the outputs, their weights, and the gradients' shapes. */
export async function analytic(f: Function, samples: readonly Sample[], expand: Expand = expandComposites, seed = 5) {
  const inputs = declare(samples);
  const made = f(...inputs);
  const ys = (Array.isArray(made) ? made : [made]) as readonly Value[];
  const next = random(seed);
  const weights = ys.map(() => Float32Array.from({ length: 4096 }, () => normal(next)));
  const terms = ys.map((y, i) => sum(mul(y, weightsFor(y, weights[i]))));
  const parameters = inputs.filter((_, i) => samples[i].dtype === "float32");
  const gradients = differentiate(
    terms.reduce((a, b) => add(a, b)),
    parameters,
  );
  const all = expand([...ys, ...gradients]);
  const outputs = Object.fromEntries(all.map((v, i) => [i < ys.length ? `y${i}` : `g${i - ys.length}`, v]));
  const run = await session(buildModel({ name: "gradient", inputs, outputs }));
  return { run, weights, ys };
}

/** Weights of y's shape; one for all elements where the shape is not known. */
const weightsFor = (y: Value, weights: Float32Array): Value =>
  isStatic(y.shape) ? constant(weights.slice(0, total(y.shape)), y.shape) : constant(weights.fill(0.7).slice(0, 1), []);

/**
 * The largest difference between the gradients of a random weighted sum of f's outputs and central differences, relative to
 * the largest element of each gradient (or to 1 if that is larger).
 */
export async function gradientError(f: Function, samples: readonly Sample[], expand?: Expand): Promise<number> {
  const step = 1 / 32;
  const { run, weights, ys } = await analytic(f, samples, expand);
  const feeds = Object.fromEntries(samples.map((s, i) => [`x${i}`, tensorOf(s)]));
  const first = await run(feeds);
  for (const [k, y] of ys.entries()) {
    const found = first[`y${k}`];
    if (isStatic(y.shape) && String(found.dims) !== String(y.shape))
      throw new Error(`output ${k} was inferred as [${y.shape}], but is [${found.dims}]`);
  }
  const count = ys.length;
  let worst = 0;
  let gradient = 0;
  for (const [i, sample] of samples.entries()) {
    if (sample.dtype !== "float32") continue;
    const found = first[`g${gradient++}`];
    if (String(found.dims) !== String(sample.shape))
      throw new Error(`the gradient of x${i} [${sample.shape}] has shape [${found.dims}]`);
    const data = found.data as Float32Array;
    const expected: number[] = [];
    const moved = Float32Array.from(sample.data);
    const at = async (element: number, by: number) => {
      moved[element] = sample.data[element] + by;
      const out = await run({ ...feeds, [`x${i}`]: new Tensor("float32", moved, sample.shape) });
      moved[element] = sample.data[element];
      return Array.from({ length: count }, (_, k) => out[`y${k}`].data as Float32Array);
    };
    for (let e = 0; e < moved.length; e++) {
      const outs = [await at(e, step), await at(e, -step), await at(e, 2 * step), await at(e, -2 * step)];
      let slope = 0;
      for (let k = 0; k < count; k++)
        for (let j = 0; j < outs[0][k].length; j++)
          slope +=
            (weights[k][j] * (8 * (outs[0][k][j] - outs[1][k][j]) - (outs[2][k][j] - outs[3][k][j]))) / (12 * step);
      expected.push(slope);
    }
    const scale = Math.max(1, ...expected.map(Math.abs));
    for (const [e, slope] of expected.entries()) {
      const error = Math.abs(data[e] - slope) / scale;
      if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    }
  }
  return worst;
}

/** A gradient to check: the title ends the sentence "the gradient of … agrees with central differences". */
export interface Case {
  readonly of: string;
  readonly f: Function;
  readonly inputs: readonly Sample[];
}
