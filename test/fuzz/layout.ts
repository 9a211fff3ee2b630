/** Ops that place elements elsewhere. */
import { elements } from "../../src/array.js";
import type { Application, Argument } from "./case.js";
import {
  axes,
  axis,
  chance,
  fed,
  gaussian,
  integers,
  known,
  limited,
  ofType,
  oneOf,
  permuted,
  shape,
  size,
  steps,
  type Take,
  times,
} from "./take.js";

type Draws = (take: Take) => Application;

/** Mostly float32, now and then another dtype. */
const elementsOf = (take: Take, dims: readonly number[]): Argument =>
  ofType(dims, chance(take, 6) ? oneOf(take, ["int32", "int64", "bool"] as const) : "float32");

/** Other dimensions of as many elements: factors of the old ones, put together at random. */
function regrouped(take: Take, dims: readonly number[]): number[] {
  const factors = dims.flatMap(primes);
  const made = times(1 + take(4), () => 1);
  for (const f of factors) made[take(made.length)] *= f;
  return made;
}

function primes(n: number): number[] {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return [p, ...primes(n / p)];
  return n === 1 ? [] : [n];
}

/** Bounds of a slice along an axis of `d`: inside, beyond, and counted from the end. Backwards, ONNX Runtime takes 2³¹ − 1 as before the first. */
function bounds(take: Take, d: number): { readonly from: number; readonly to: number; readonly step: number } {
  const step = oneOf(take, [1, 1, 2, 3, -1, -1, -2, -3]);
  const from = take(d + 3) - (chance(take, 3) ? d + 1 : 0);
  const to = chance(take, 4)
    ? oneOf(take, [step > 0 ? 2 ** 31 - 1 : -(2 ** 31), d + 1, -d - 1])
    : take(d + 3) - (chance(take, 3) ? d + 1 : 0);
  return { from, to, step };
}

export const layout = {
  Reshape: (take) => {
    const x = shape(take, 0, 4);
    if (elements(x) === 0) return { inputs: [elementsOf(take, x), known(x)], attributes: { allowzero: 1 } };
    const target = regrouped(take, x);
    if (chance(take, 3)) target[take(target.length)] = -1;
    else if (target[0] === x[0] && chance(take, 2)) target[0] = 0;
    return { inputs: [elementsOf(take, x), known(target)] };
  },
  Flatten: (take) => {
    const x = shape(take, 0, 4);
    return { inputs: [elementsOf(take, x)], attributes: { axis: take(x.length + 1) } };
  },
  Squeeze: (take) => {
    const rest = shape(take, 0, 3);
    const ones = take(3);
    const at = permuted(take, rest.length + ones).slice(0, ones);
    const left = [...rest];
    const x = times(rest.length + ones, (i) => (at.includes(i) ? 1 : (left.shift() as number)));
    return {
      inputs: [
        elementsOf(take, x),
        ...(chance(take, 3) ? [] : [known(at.map((a) => (chance(take, 2) ? a - x.length : a)))]),
      ],
    };
  },
  Unsqueeze: (take) => {
    const x = shape(take, 0, 3);
    const ones = take(3);
    return { inputs: [elementsOf(take, x), known(axes(take, x.length + ones, ones))] };
  },
  Transpose: (take) => {
    const x = shape(take, 0, 5);
    const perm = permuted(take, x.length);
    return { inputs: [elementsOf(take, x)], attributes: chance(take, 4) ? {} : { perm } };
  },
  Slice: (take) => {
    const x = shape(take, 1, 4);
    const along = axes(take, x.length, 1 + take(x.length));
    const cuts = along.map((a) => bounds(take, x.at(a) as number));
    const vector = (of: (c: (typeof cuts)[number]) => number) => known(cuts.map(of));
    return {
      inputs: [elementsOf(take, x), vector((c) => c.from), vector((c) => c.to), known(along), vector((c) => c.step)],
    };
  },
  Concat: (take) => {
    const x = shape(take, 1, 4, 512);
    const along = axis(take, x.length);
    const at = along < 0 ? along + x.length : along;
    const dtype = chance(take, 6) ? oneOf(take, integers) : "float32";
    const parts = times(1 + take(5), () => x.map((d, i) => (i === at ? (chance(take, 10) ? 0 : size(take)) : d)));
    return { inputs: parts.map((s) => ofType(s, dtype)), attributes: { axis: along } };
  },
  Split: (take) => {
    const parts = times(1 + take(4), () => (chance(take, 10) ? 0 : 1 + take(7)));
    const x = shape(take, 1, 4, 512);
    const along = axis(take, x.length);
    const at = along < 0 ? along + x.length : along;
    const whole = x.map((d, i) => (i === at ? parts.reduce((a, b) => a + b, 0) : d));
    return { inputs: [elementsOf(take, whole), known(parts)], attributes: { axis: along }, outputs: parts.length };
  },
  Pad: (take) => {
    const x = shape(take, 1, 4, 512);
    const mode = oneOf(take, ["constant", "constant", "constant", "reflect", "edge"]);
    const amount = (d: number): [number, number] => {
      if (mode !== "constant") return d === 0 ? [0, 0] : [take(Math.min(d, 4)), take(Math.min(d, 4))];
      const first = take(4) - (d > 1 && chance(take, 4) ? 1 : 0);
      return [first < 0 ? -1 : first, d > 2 && chance(take, 6) ? -1 : take(4)];
    };
    const some = chance(take, 3) ? axes(take, x.length, 1 + take(x.length)) : null;
    const amounts = (some ?? x.map((_, i) => i)).map((a) => amount(x.at(a) as number));
    const pads = known([...amounts.map(([b]) => b), ...amounts.map(([, e]) => e)]);
    const value = mode === "constant" && chance(take, 2) ? known([1.5], [], "float32") : null;
    return {
      inputs: [fed(x), pads, ...(some ? [value, known(some)] : value ? [value] : [])],
      attributes: { mode },
      withoutRule: mode !== "constant",
    };
  },
  Expand: (take) => {
    const full = shape(take, 0, 5);
    const x = full.slice(chance(take, 3) ? take(full.length + 1) : 0).map((d) => (chance(take, 2) ? 1 : d));
    return { inputs: [elementsOf(take, x), known(full)] };
  },
  Tile: (take) => {
    const x = shape(take, 1, 4, 256);
    return { inputs: [elementsOf(take, x), known(x.map(() => (chance(take, 20) ? 0 : 1 + take(3))))] };
  },
  Shape: (take) => ({ inputs: [fed(shape(take, 0, 4))] }),
  ConstantOfShape: (take) => ({ inputs: [known(shape(take, 0, 4))] }),
  Range: (take) => {
    const dtype = oneOf(take, ["float32", "int32", "int64"] as const);
    const step = oneOf(take, [1, 2, 3, -1, -2]);
    return { inputs: [take(9), take(40) - 5, step].map((v) => known([v], [], dtype)) };
  },
  OneHot: (take) => {
    const at = shape(take, 1, 3, 128);
    const depth = 1 + take(9);
    return {
      inputs: [fed(at, steps(-depth, depth - 1), "int64"), known([depth]), fed([2])],
      attributes: { axis: axis(take, at.length + 1) },
    };
  },
} as const satisfies Readonly<Record<string, Draws>>;

/** Indices by which elements are taken and put. */
const index = (take: Take) => oneOf(take, ["int64", "int64", "int32"] as const);

/** A shape without empty axes. */
const full = (take: Take, low: number, high: number): number[] =>
  shape(take, low, high, 512).map((d) => Math.max(1, d));

export const indexing = {
  Gather: (take) => {
    const x = full(take, 1, 4);
    const along = axis(take, x.length);
    const d = x.at(along) as number;
    const at = shape(take, 0, 2, 24);
    return { inputs: [elementsOf(take, x), fed(at, steps(-d, d - 1), index(take))], attributes: { axis: along } };
  },
  GatherElements: (take) => {
    const x = full(take, 1, 4);
    const along = axis(take, x.length);
    const d = x.at(along) as number;
    const at = limited(
      x.map((n, i) => (i === (along < 0 ? along + x.length : along) ? size(take) : 1 + take(n))),
      512,
    );
    return { inputs: [fed(x), fed(at, steps(-d, d - 1), index(take))], attributes: { axis: along } };
  },
  GatherND: (take) => {
    const x = full(take, 1, 4);
    const width = 1 + take(x.length);
    const bounds = x.slice(0, width);
    const rows = 1 + take(Math.min(12, elements(bounds)));
    return { inputs: [fed(x), fed([rows, width], { from: "places", bounds }, "int64")] };
  },
  ScatterND: (take) => {
    const x = full(take, 1, 4);
    const reduction = oneOf(take, ["none", "none", "add"]);
    const width = 1 + take(x.length);
    const bounds = x.slice(0, width);
    const rows = 1 + take(Math.min(12, elements(bounds)));
    const twice = reduction === "add" && width === 1 && chance(take, 2);
    const at = fed([rows, width], twice ? steps(0, x[0] - 1) : { from: "places", bounds }, "int64");
    return { inputs: [fed(x), at, fed([rows, ...x.slice(width)], gaussian)], attributes: { reduction } };
  },
  ScatterElements: (take) => {
    const x = full(take, 1, 4);
    const along = take(x.length);
    const adds = chance(take, 2);
    // Only a vector's places can be drawn without meeting twice: elsewhere the sum says what is right.
    const single = !adds && x.length === 1;
    const at = x.map((n) => 1 + take(n));
    const draw = single ? { from: "places" as const, bounds: [x[0]] } : steps(0, x[along] - 1);
    const reduction = single ? "none" : "add";
    return { inputs: [fed(x), fed(at, draw, index(take)), fed(at)], attributes: { axis: along, reduction } };
  },
} as const satisfies Readonly<Record<string, Draws>>;
