/** Shape rules of ops that move or repeat elements. */
import { knownDimensions } from "../dimensions.js";
import {
  axisOf,
  broadcast,
  count,
  factors,
  fail,
  isSize,
  isStatic,
  merged,
  quotient,
  sameDtype,
  type,
} from "../shapes.js";
import { known, type Shape, type Value } from "../value.js";
import { type In, type Infer, int, list } from "./infer.js";

/** The shape that an int64 vector spells; names made up where it is known at run time only. */
export function targetShape(target: Value, op: string, x: In): Shape {
  const rank = target.shape[0];
  const wanted = knownDimensions(target);
  if (!wanted && !isSize(rank)) fail(op, "the rank of the result is unknown", x);
  return wanted ?? Array.from({ length: rank as number }, (_, i) => `?${target.id}.${i}`);
}

export const reshape: Infer = (x, a, op) => {
  const [value, target] = x;
  const wanted = targetShape(target, op, x);
  const copied = wanted.map((d, i) => (d === 0 && !int(a, "allowzero", 0) ? value.shape[i] : d));
  const total = count(value.shape);
  const rest = copied.filter((d) => d !== -1);
  const free = copied.indexOf(-1);
  if (free >= 0) copied[free] = freeDimension(value.shape, rest, x) ?? `?${target.id}`;
  const made = count(copied);
  if (total !== null && made !== null && total !== made) fail(op, `${total} elements do not make [${wanted}]`, x);
  return [type(value.dtype, copied)];
};

/** What −1 stands for: a size, a name, a multiple of a name; null where it cannot be told. */
function freeDimension(from: Shape, others: Shape, x: In): number | string | null {
  const left = quotient(factors(from), factors(others));
  if (!left && isStatic(from) && isStatic(others)) fail("Reshape", `[${from}] does not divide into [${others}]`, x);
  return left && merged(left);
}

export const slice: Infer = (x, _, op) => {
  const [value, starts, ends, axes, steps] = x;
  const [from, to, step] = [known(starts), known(ends), steps ? known(steps) : null];
  const along = axes ? known(axes) : from?.map((_, i) => i);
  if (!from || !to || !along || (steps && !step)) fail(op, "starts, ends, axes and steps must be constant", x);
  const shape: (number | string)[] = [...value.shape];
  for (const [i, axis] of along.entries()) {
    const at = axisOf(op, axis, shape.length, x);
    const d = shape[at];
    const by = step?.[i] ?? 1;
    if (!isSize(d)) {
      if (!(from[i] === 0 && to[i] > 2 ** 30 && by === 1)) shape[at] = `?${starts.id}.${i}`;
      continue;
    }
    const clamp = (p: number, low: number, high: number) => Math.min(Math.max(p < 0 ? p + d : p, low), high);
    const a = by > 0 ? clamp(from[i], 0, d) : clamp(from[i], 0, d - 1);
    const b = by > 0 ? clamp(to[i], 0, d) : clamp(to[i], -1, d - 1);
    shape[at] = Math.max(0, Math.ceil((b - a) / by));
  }
  return [type(value.dtype, shape)];
};

export const concat: Infer = (x, a, op) => {
  const axis = axisOf(op, int(a, "axis", 0), x[0].shape.length, x);
  const first = x[0].shape;
  for (const v of x) {
    if (v.shape.length !== first.length || v.shape.some((d, i) => i !== axis && d !== first[i]))
      fail(op, `shapes differ off axis ${axis}`, x);
  }
  const along = x.map((v) => v.shape[axis]);
  const sum = along.every(isSize) ? along.reduce((p, d) => p + d, 0) : along.join("+");
  return [
    type(
      sameDtype(op, x),
      first.map((d, i) => (i === axis ? sum : d)),
    ),
  ];
};

export const split: Infer = (x, a, op, outputs) => {
  const axis = axisOf(op, int(a, "axis", 0), x[0].shape.length, x);
  const d = x[0].shape[axis];
  if (!isSize(d)) fail(op, `axis ${axis} must be known`, x);
  const chunk = Math.ceil(d / outputs);
  const parts = x[1] ? known(x[1]) : Array.from({ length: outputs }, (_, i) => Math.min(chunk, d - i * chunk));
  if (!parts || parts.length !== outputs || parts.reduce((p, n) => p + n, 0) !== d)
    fail(op, `parts [${parts}] do not make ${d}`, x);
  return parts.map((n) =>
    type(
      x[0].dtype,
      x[0].shape.map((e, i) => (i === axis ? n : e)),
    ),
  );
};

export const pad: Infer = (x, _, op) => {
  const pads = known(x[1]);
  const rank = x[0].shape.length;
  const axes = x[3] ? known(x[3]) : x[0].shape.map((_, i) => i);
  if (!pads || !axes || pads.length !== 2 * axes.length) fail(op, "pads must be constant, two for each axis", x);
  const shape = [...x[0].shape];
  for (const [i, axis] of axes.entries()) {
    const at = axisOf(op, axis, rank, x);
    const d = shape[at];
    const extra = pads[i] + pads[i + axes.length];
    shape[at] = isSize(d) ? d + extra : extra === 0 ? d : `${d}+${extra}`;
  }
  return [type(x[0].dtype, shape)];
};

export const expand: Infer = (x, _, op) => {
  const shape = targetShape(x[1], op, x);
  if (!shape.some((d) => !isSize(d) && d.startsWith("?")))
    return [type(x[0].dtype, broadcast(op, [x[0], { ...x[1], shape }]))];
  return [type(x[0].dtype, shape)];
};

export const squeeze: Infer = (x, _, op) => {
  const axes = x[1] ? known(x[1]) : x[0].shape.flatMap((d, i) => (d === 1 ? [i] : []));
  if (!axes) fail(op, "axes must be constant", x);
  const drop = new Set(axes.map((a) => axisOf(op, a, x[0].shape.length, x)));
  if ([...drop].some((a) => x[0].shape[a] !== 1)) fail(op, `axes [${axes}] are not all 1`, x);
  return [
    type(
      x[0].dtype,
      x[0].shape.filter((_, i) => !drop.has(i)),
    ),
  ];
};

export const unsqueeze: Infer = (x, _, op) => {
  const axes = known(x[1]);
  if (!axes) fail(op, "axes must be constant", x);
  const rank = x[0].shape.length + axes.length;
  const at = new Set(axes.map((a) => axisOf(op, a, rank, x)));
  const rest = [...x[0].shape];
  return [
    type(
      x[0].dtype,
      Array.from({ length: rank }, (_, i) => (at.has(i) ? 1 : rest.shift()!)),
    ),
  ];
};

export const transpose: Infer = (x, a, op) => {
  const order = list(a, "perm", x[0].shape.map((_, i) => i).reverse());
  if (order.length !== x[0].shape.length || [...order].sort((p, q) => p - q).some((p, i) => p !== i)) {
    fail(op, `[${order}] is not a permutation of the axes`, x);
  }
  return [
    type(
      x[0].dtype,
      order.map((i) => x[0].shape[i]),
    ),
  ];
};

export const flatten: Infer = (x, a, op) => {
  const axis = int(a, "axis", 1);
  const part = (s: Shape) => merged(factors(s));
  const at = axis < 0 ? axis + x[0].shape.length : axis;
  if (at < 0 || at > x[0].shape.length) fail(op, `axis ${axis} is outside the rank`, x);
  return [type(x[0].dtype, [part(x[0].shape.slice(0, at)), part(x[0].shape.slice(at))])];
};

export const tile: Infer = (x, _, op) => {
  const repeats = known(x[1]);
  if (!repeats || repeats.length !== x[0].shape.length) fail(op, "repeats must be constant, one for each axis", x);
  return [
    type(
      x[0].dtype,
      x[0].shape.map((d, i) => (isSize(d) ? d * repeats[i] : repeats[i] === 1 ? d : `${d}*${repeats[i]}`)),
    ),
  ];
};
