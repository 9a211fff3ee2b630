/**
 * Filters in blocked memory, made from plain ones. A `Transpose` is fast only where the last axis stays, so `ReorderInput`
 * brings the right block to the end first.
 */
import { gather, reshape, transpose } from "../apply.js";
import { ints, type Value } from "../value.js";
import { imageOf, toBlocked, view } from "./kernels.js";

/**
 * [O,I,h,w] → memory [O/b, I/b, h, w, b(i), b(o)], shape [O,I,h,w]. Fewer channels than a block: [O/b, I, h, w, b(o)].
 * As an image [O/b, b, I·h·w, 1] its blocked memory is [O/b, I·h·w, b(o)].
 */
export function filters(w: Value, b: number): Value {
  const [o, i, kh, kw] = imageOf(w);
  const rows = toBlocked(reshape(w, [o / b, b, i * kh * kw, 1]));
  if (i < b || kh * kw === 1) return view(rows, [o, i, kh, kw]);
  return view(transpose(reshape(rows, [o / b, i / b, b, kh * kw, b]), [0, 1, 3, 2, 4]), [o, i, kh, kw]);
}

/**
 * [O,I,h,w] → the filters [I,O,h',w'] of chosen taps in a given order, in memory [I/b, O/b, taps, b(o), b(i)].
 *
 * @param taps - indices into h·w
 * @param kernel - h' and w'
 */
export function swappedFilters(w: Value, b: number, taps: readonly number[], kernel: readonly [number, number]): Value {
  const [o, i, kh, kw] = imageOf(w);
  const all = kh * kw;
  const lanes = reshape(toBlocked(w), [o, i / b, all, b]); // [O, I/b, taps, b(i)]
  const same = taps.length === all && taps.every((t, n) => t === n);
  const chosen = same ? lanes : gather(lanes, ints(taps), 2);
  const swapped = transpose(reshape(chosen, [o / b, b, i / b, taps.length, b]), [2, 0, 3, 1, 4]);
  return view(swapped, [i, o, ...kernel]);
}
