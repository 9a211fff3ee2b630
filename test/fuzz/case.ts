/**
 * A case of the fuzz: one op with its inputs and attributes, plain data, so that it can be sent to another process, printed, and
 * pasted into a test.
 */
import { elements } from "../../src/array.js";
import { gradients } from "../../src/graph/gradients/index.js";
import {
  type Attributes,
  applyAll,
  constant,
  type DType,
  differentiate,
  input,
  mul,
  type OpType,
  type Value,
} from "../../src/graph/index.js";
import { isStatic } from "../../src/graph/shapes.js";
import { normal, permutation, type Random, random } from "../../src/random.js";

/** How the elements of an input are drawn. */
export type Draw =
  | { readonly from: "normal"; readonly scale: number; readonly offset: number }
  | { readonly from: "between"; readonly low: number; readonly high: number }
  /** No two alike, 0.3 apart, about zero. */
  | { readonly from: "distinct" }
  /** Multiples of `step` between the bounds: ties. */
  | { readonly from: "steps"; readonly low: number; readonly high: number; readonly step: number }
  /** As many rows of coordinates, no two alike, each within its bound, some counted from the end. */
  | { readonly from: "places"; readonly bounds: readonly number[] }
  /** Numbers, NaN and both infinities. */
  | { readonly from: "special" }
  | { readonly from: "listed"; readonly values: readonly number[] };

export interface Argument {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly draw: Draw;
  /** Fed at run time, or known when the graph is built. */
  readonly fed: boolean;
}

/** What an op is applied to. */
export interface Application {
  readonly inputs: readonly (Argument | null)[];
  readonly attributes?: Attributes;
  readonly outputs?: number;
  /** Attributes for which the op has no gradient rule. */
  readonly withoutRule?: boolean;
}

export interface Case extends Application {
  readonly op: OpType;
  /** Whether its gradients are compared as well: of the sum of its outputs times fixed random numbers. */
  readonly differentiated: boolean;
  /** Of the elements. */
  readonly seed: number;
}

export type Elements = Float32Array | Float64Array | BigInt64Array | Int32Array | Uint8Array | Int8Array;

/** A tensor to feed. */
export interface Feed {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Elements;
}

/** The graph of a case, not yet expanded, and what it is fed. */
export interface CaseGraph {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
  readonly feeds: readonly Feed[];
}

/** @param prefix - of the names of inputs, so that many cases can share a model */
export function graphOf(c: Case, prefix = ""): CaseGraph {
  const inputs: Value[] = [];
  const feeds: Feed[] = [];
  const feed = (name: string, a: Argument, key: number): Value => {
    const value = input(`${prefix}${name}`, a.shape, a.dtype);
    inputs.push(value);
    feeds.push({ dtype: a.dtype, shape: a.shape, data: elementsOf(a, random(c.seed, key)) });
    return value;
  };
  const args = c.inputs.map((a, i) => {
    if (!a) return null;
    return a.fed ? feed(`x${i}`, a, i) : constant(elementsOf(a, random(c.seed, i)), a.shape, a.dtype);
  });
  const ys = applyAll(c.op, args, c.attributes ?? {}, c.outputs ?? 1);
  const outputs: Record<string, Value> = Object.fromEntries(ys.map((y, i) => [`y${i}`, y]));
  if (c.differentiated) {
    const parameters = args.flatMap((v, i) =>
      v && c.inputs[i]?.fed && v.dtype === "float32" ? [[v, i] as const] : [],
    );
    for (const [k, y] of differentiable(c.op, ys).entries()) {
      if (!isStatic(y.shape)) continue;
      const weights = feed(`weights${k}`, { ...gaussian(y.shape), dtype: y.dtype }, 100 + k);
      const found = differentiate(
        mul(y, weights),
        parameters.map(([v]) => v),
        { unreached: "null" },
      );
      for (const [j, g] of found.entries()) if (g) outputs[`y${k}/x${parameters[j][1]}`] = g;
    }
  }
  return { inputs, outputs, feeds };
}

/** Ops whose further outputs have no rule: statistics, lengths. */
const firstOnly: ReadonlySet<OpType> = new Set(["LayerNormalization", "UnitRows"]);

/** The outputs that gradients flow from. */
const differentiable = (op: OpType, ys: readonly Value[]): readonly Value[] =>
  (firstOnly.has(op) ? ys.slice(0, 1) : ys).filter((y) => y.dtype.startsWith("float"));

/** Whether gradients flow through an op. */
export const hasGradient = (op: OpType): boolean => typeof gradients[op] === "function";

const gaussian = (shape: readonly number[]): Argument => ({
  shape,
  dtype: "float32",
  draw: { from: "normal", scale: 1, offset: 0 },
  fed: true,
});

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

function elementsOf({ shape, dtype, draw }: Argument, next: Random): Elements {
  const numbers = numbersOf(draw, elements(shape), next);
  if (dtype === "int64") return BigInt64Array.from(numbers, (n) => BigInt(Math.trunc(n)));
  if (dtype === "float16") throw new Error("float16 is not drawn");
  return arrays[dtype].from(numbers);
}

function numbersOf(draw: Draw, count: number, next: Random): number[] {
  const many = (one: (i: number) => number) => Array.from({ length: count }, (_, i) => one(i));
  switch (draw.from) {
    case "normal":
      return many(() => draw.offset + draw.scale * normal(next));
    case "between":
      return many(() => draw.low + next() * (draw.high - draw.low));
    case "distinct": {
      const order = permutation(count, next);
      return many((i) => (order[i] - count / 2 + 0.25) * 0.3);
    }
    case "steps": {
      const steps = Math.round((draw.high - draw.low) / draw.step) + 1;
      return many(() => draw.low + draw.step * Math.floor(next() * steps));
    }
    case "places":
      return placesOf(draw.bounds, count, next);
    case "special":
      return many(
        () => [1.5, Number.NaN, -2, Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY][Math.floor(next() * 6)],
      );
    case "listed":
      return [...draw.values];
  }
}

function placesOf(bounds: readonly number[], count: number, next: Random): number[] {
  const order = permutation(elements(bounds), next).subarray(0, count / Math.max(1, bounds.length));
  return Array.from(order).flatMap((place) => {
    const at: number[] = [];
    let rest = place;
    for (const bound of [...bounds].reverse()) {
      at.unshift((rest % bound) - (next() < 0.2 ? bound : 0));
      rest = Math.floor(rest / bound);
    }
    return at;
  });
}

/** `Conv [1,6,7,7] [4,6,3,3] {"pads":[1,1,1,1]}, differentiated`. */
export function shown(c: Case): string {
  const inputs = c.inputs.map((a) => {
    if (!a) return "none";
    const listed = a.draw.from === "listed" && a.draw.values.length <= 12 ? ` = ${a.draw.values}` : "";
    return `${a.dtype === "float32" ? "" : a.dtype}[${a.shape}]${listed}`;
  });
  const attributes = Object.keys(c.attributes ?? {}).length ? ` ${JSON.stringify(c.attributes)}` : "";
  return `${c.op} ${inputs.join(" ")}${attributes}${c.differentiated ? ", differentiated" : ""}`;
}
