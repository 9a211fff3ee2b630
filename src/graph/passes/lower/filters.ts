/**
 * Filters in the memory that the blocked kernels read, "packed": [O/b, I/b, h·w, b(i), b(o)], whose ONNX shape stays [O,I,h,w].
 * With fewer channels than a block: [O/b, I, h·w, b(o)]. A `Transpose` is fast only where long runs stay together, so the two
 * lanes of a block are exchanged by `ReorderInput`.
 */
import { gather, reshape, transpose } from "../../apply.js";
import { ints, type Value } from "../../value.js";
import { affine, imageOf, toBlocked, toPlain, view } from "./kernels.js";

/** [O,I,h,w] → packed. As an image [O/b, b, I·h·w, 1] its blocked memory is [O/b, I·h·w, b(o)]. */
export function pack(w: Value, b: number): Value {
  const [o, i, kh, kw] = imageOf(w);
  const rows = toBlocked(reshape(w, [o / b, b, i * kh * kw, 1]));
  if (i < b || kh * kw === 1) return view(rows, [o, i, kh, kw]);
  return view(transpose(reshape(rows, [o / b, i / b, b, kh * kw, b]), [0, 1, 3, 2, 4]), [o, i, kh, kw]);
}

/** Packed → [O,I,h,w]; whole blocks of channels. */
export function unpack(packed: Value, b: number): Value {
  const [o, i, kh, kw] = imageOf(packed);
  const rows = transpose(view(packed, [o / b, i / b, kh * kw, b, b]), [0, 1, 3, 2, 4]);
  return reshape(toPlain(view(rows, [o / b, b, i * kh * kw, 1])), [o, i, kh, kw]);
}

/** Packed filters times a factor for each of their O: as an image of O channels, in one pass. */
export function scaleFilters(packed: Value, by: Value | null): Value {
  const [o, i, kh, kw] = imageOf(packed);
  return by ? view(affine(view(packed, [1, o, i * kh * kw, 1]), by, {}), [o, i, kh, kw]) : packed;
}

/**
 * Packed filters → the packed filters [I,O,h',w'] of chosen taps in a given order.
 *
 * @param taps - indices into h·w
 * @param kernel - h' and w'
 */
export function swapFilters(
  packed: Value,
  b: number,
  taps: readonly number[],
  kernel: readonly [number, number],
): Value {
  const [o, i, kh, kw] = imageOf(packed);
  const all = kh * kw;
  const lanes = toBlocked(view(packed, [(o * i * all) / b ** 2, b, b, 1]));
  const swapped = transpose(view(lanes, [o / b, i / b, all * b * b]), [1, 0, 2]);
  const same = taps.length === all && taps.every((t, n) => t === n);
  const chosen = same ? swapped : gather(view(swapped, [i / b, o / b, all, b * b]), ints(taps), 2);
  return view(chosen, [i, o, ...kernel]);
}
