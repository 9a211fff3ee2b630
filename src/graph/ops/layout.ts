/** Ops that move, repeat or make elements. */
import { knownDimensions } from "../dimensions.js";
import {
  axisOf,
  broadcast,
  count,
  factors,
  fail,
  fromFront,
  isSize,
  isStatic,
  merged,
  quotient,
  type,
} from "../shapes.js";
import { known, type Shape, type TensorType, type Value } from "../value.js";
import {
  anything,
  type Dtypes,
  fullFloats,
  type In,
  int,
  int64,
  integers,
  ints,
  like,
  many,
  op,
  optional,
  own,
  tensor,
  word,
} from "./declare.js";

type Types = readonly TensorType[];
interface Along {
  readonly axis: number;
}

/** The shape that an int64 vector spells; names made up where it is known at run time only. */
function spelledShape(vector: Value, name: string, x: In): Shape {
  const rank = vector.shape[0];
  const wanted = knownDimensions(vector);
  if (!wanted && !isSize(rank)) fail(name, "the rank of the result is unknown", x, "not-constant");
  return wanted ?? Array.from({ length: rank as number }, (_, i) => `?${vector.id}.${i}`);
}

function reshape(x: In, { allowzero }: { readonly allowzero: number }, name: string): Types {
  const [value, vector] = x;
  const wanted = spelledShape(vector, name, x);
  const copied = wanted.map((d, i) => (d === 0 && !allowzero ? value.shape[i] : d));
  const total = count(value.shape);
  const rest = copied.filter((d) => d !== -1);
  const free = copied.indexOf(-1);
  if (free >= 0) copied[free] = freeDimension(value.shape, rest, x) ?? `?${vector.id}`;
  const made = count(copied);
  if (total !== null && made !== null && total !== made) fail(name, `${total} elements do not make [${wanted}]`, x);
  return [type(value.dtype, copied)];
}

/** What −1 stands for: a size, a name, a multiple of a name; null where it cannot be told. */
function freeDimension(from: Shape, others: Shape, x: In): number | string | null {
  const left = quotient(factors(from), factors(others));
  if (!left && isStatic(from) && isStatic(others)) fail("Reshape", `[${from}] does not divide into [${others}]`, x);
  return left && merged(left);
}

function slice(x: In, _: object, name: string): Types {
  const [value, starts, ends, axes, steps] = x;
  const [from, to, step] = [known(starts), known(ends), steps ? known(steps) : null];
  const along = axes ? known(axes) : from?.map((_, i) => i);
  if (!from || !to || !along || (steps && !step))
    fail(name, "starts, ends, axes and steps must be constant", x, "not-constant");
  const shape: (number | string)[] = [...value.shape];
  for (const [i, axis] of along.entries()) {
    const at = axisOf(name, axis, shape.length, x);
    const d = shape[at];
    const by = step?.[i] ?? 1;
    if (!isSize(d)) {
      if (!(from[i] === 0 && to[i] > 2 ** 30 && by === 1)) shape[at] = `?${starts.id}.${i}`;
      continue;
    }
    const clamp = (p: number, low: number, high: number) => Math.min(Math.max(fromFront(p, d), low), high);
    const a = by > 0 ? clamp(from[i], 0, d) : clamp(from[i], 0, d - 1);
    const b = by > 0 ? clamp(to[i], 0, d) : clamp(to[i], -1, d - 1);
    shape[at] = Math.max(0, Math.ceil((b - a) / by));
  }
  return [type(value.dtype, shape)];
}

function concat(x: In, a: Along, name: string): Types {
  const axis = axisOf(name, a.axis, x[0].shape.length, x);
  const first = x[0].shape;
  for (const v of x) {
    if (v.shape.length !== first.length || v.shape.some((d, i) => i !== axis && d !== first[i]))
      fail(name, `shapes differ off axis ${axis}`, x);
  }
  const along = x.map((v) => v.shape[axis]);
  const sum = along.every(isSize) ? along.reduce((p, d) => p + d, 0) : along.join("+");
  return [
    type(
      x[0].dtype,
      first.map((d, i) => (i === axis ? sum : d)),
    ),
  ];
}

function split(x: In, a: Along, name: string, outputs: number): Types {
  const axis = axisOf(name, a.axis, x[0].shape.length, x);
  const d = x[0].shape[axis];
  if (!isSize(d)) fail(name, `axis ${axis} must be known`, x, "not-constant");
  const chunk = Math.ceil(d / outputs);
  const parts = x[1] ? known(x[1]) : Array.from({ length: outputs }, (_, i) => Math.min(chunk, d - i * chunk));
  if (!parts || parts.length !== outputs || parts.reduce((p, n) => p + n, 0) !== d)
    fail(name, `parts [${parts}] do not make ${d}`, x);
  return parts.map((n) =>
    type(
      x[0].dtype,
      x[0].shape.map((e, i) => (i === axis ? n : e)),
    ),
  );
}

function pad(x: In, _: object, name: string): Types {
  const pads = known(x[1]);
  const rank = x[0].shape.length;
  const axes = x[3] ? known(x[3]) : x[0].shape.map((_, i) => i);
  if (!pads || !axes || pads.length !== 2 * axes.length)
    fail(name, "pads must be constant, two for each axis", x, "not-constant");
  const shape = [...x[0].shape];
  for (const [i, axis] of axes.entries()) {
    const at = axisOf(name, axis, rank, x);
    const d = shape[at];
    const extra = pads[i] + pads[i + axes.length];
    shape[at] = isSize(d) ? d + extra : extra === 0 ? d : `${d}+${extra}`;
  }
  return [type(x[0].dtype, shape)];
}

function expand(x: In, _: object, name: string): Types {
  const shape = spelledShape(x[1], name, x);
  if (!shape.some((d) => !isSize(d) && d.startsWith("?")))
    return [type(x[0].dtype, broadcast(name, [x[0], { ...x[1], shape }]))];
  return [type(x[0].dtype, shape)];
}

function squeeze(x: In, _: object, name: string): Types {
  const axes = x[1] ? known(x[1]) : x[0].shape.flatMap((d, i) => (d === 1 ? [i] : []));
  if (!axes) fail(name, "axes must be constant", x, "not-constant");
  const drop = new Set(axes.map((a) => axisOf(name, a, x[0].shape.length, x)));
  if ([...drop].some((a) => x[0].shape[a] !== 1)) fail(name, `axes [${axes}] are not all 1`, x);
  return [
    type(
      x[0].dtype,
      x[0].shape.filter((_, i) => !drop.has(i)),
    ),
  ];
}

function unsqueeze(x: In, _: object, name: string): Types {
  const axes = known(x[1]);
  if (!axes) fail(name, "axes must be constant", x, "not-constant");
  const rank = x[0].shape.length + axes.length;
  const at = new Set(axes.map((a) => axisOf(name, a, rank, x)));
  const rest = [...x[0].shape];
  return [
    type(
      x[0].dtype,
      Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : rest.shift()!)),
    ),
  ];
}

function transpose(x: In, a: { readonly perm: readonly number[] | undefined }, name: string): Types {
  const order = a.perm ?? x[0].shape.map((_, i) => i).reverse();
  if (order.length !== x[0].shape.length || [...order].sort((p, q) => p - q).some((p, i) => p !== i)) {
    fail(name, `[${order}] is not a permutation of the axes`, x);
  }
  return [
    type(
      x[0].dtype,
      order.map((i) => x[0].shape[i]),
    ),
  ];
}

function flatten(x: In, { axis }: Along, name: string): Types {
  const part = (s: Shape) => merged(factors(s));
  const at = fromFront(axis, x[0].shape.length);
  if (at < 0 || at > x[0].shape.length) fail(name, `axis ${axis} is outside the rank`, x);
  return [type(x[0].dtype, [part(x[0].shape.slice(0, at)), part(x[0].shape.slice(at))])];
}

function tile(x: In, _: object, name: string): Types {
  const repeats = known(x[1]);
  if (!repeats || repeats.length !== x[0].shape.length)
    fail(name, "repeats must be constant, one for each axis", x, "not-constant");
  return [
    type(
      x[0].dtype,
      x[0].shape.map((d, i) => (isSize(d) ? d * repeats[i] : repeats[i] === 1 ? d : `${d}*${repeats[i]}`)),
    ),
  ];
}

function range(x: In): Types {
  const [[from], [to], [step]] = x.map((v) => knownDimensions(v) ?? [undefined]);
  if (from === 0 && step === 1 && to !== undefined) return [type(x[0].dtype, [to])];
  const isKnown = isSize(from ?? "") && isSize(to ?? "") && isSize(step ?? "");
  const size = Math.max(0, Math.ceil((Number(to) - Number(from)) / Number(step)));
  return [type(x[0].dtype, [isKnown ? size : `?${x[1].id}`])];
}

const data = like("data", anything);
const axes = own("axes", int64);
const bounds = (name: string) => like(name, integers, "Tind");
const counted: Dtypes = { words: "float32, float64, int32 or int64", among: [...fullFloats.among, ...integers.among] };

export const layout = {
  Reshape: op([data, own("shape", int64)], { allowzero: int(0) }, reshape),
  Flatten: op([like("input", anything)], { axis: int(1) }, flatten),
  Squeeze: op([data, optional(axes)], {}, squeeze),
  Unsqueeze: op([data, axes], {}, unsqueeze),
  Transpose: op([data], { perm: ints() }, transpose),
  Slice: op([data, bounds("starts"), bounds("ends"), optional(bounds("axes")), optional(bounds("steps"))], {}, slice),
  Concat: op([many(like("inputs", anything))], { axis: int.needed }, concat),
  Split: op([like("input", anything), optional(own("split", int64))], { axis: int(0), num_outputs: int() }, split),
  Pad: op(
    [data, own("pads", int64), optional(like("constant_value", anything)), optional(bounds("axes"))],
    { mode: word("constant", "reflect", "edge") },
    pad,
  ),
  Expand: op([like("input", anything), own("shape", int64)], {}, expand),
  Tile: op([like("input", anything), own("repeats", int64)], {}, tile),
  Shape: op([data], { start: int(0), end: int() }, ([x], { start, end }) => [
    type("int64", [x.shape.slice(start, end ?? x.shape.length).length]),
  ]),
  ConstantOfShape: op([own("input", int64)], { value: tensor() }, (x, { value }, name) => [
    type(value?.dtype ?? "float32", spelledShape(x[0], name, x)),
  ]),
  Range: op([like("start", counted), like("limit", counted), like("delta", counted)], {}, range),
};
