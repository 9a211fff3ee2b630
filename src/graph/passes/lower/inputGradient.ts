/**
 * dx of y = conv(x, w) on blocked memory.
 *
 * Stride 1: the convolution of dy with w, taps reversed and channels swapped. Stride 2, even sizes: one convolution for each
 * parity (row, column) of dx, without the zeros that a dilated dy would hold; then the four are interleaved. With 3 taps and a
 * padding of 1, an even row meets tap 1 alone, an odd one taps 2 and 0 (of this row of dy and the next). One tap and no
 * padding: the even rows meet it, the odd ones nothing.
 */
import { windowOf } from "../../ops/index.js";
import type { Attributes, Value } from "../../value.js";
import { suits } from "./convolution.js";
import { scaleFilters, swapFilters } from "./filters.js";
import type { Lowering, Rule } from "./forms.js";
import { convolve, type Image, imageOf, interleave } from "./kernels.js";
import { convolveTiles, suitsTiles } from "./winograd.js";

export const convGradInput: Rule = (node, lowering) => {
  const [dy, w] = node.inputs as readonly Value[];
  const [dx] = node.outputs;
  if (!lowering.fits(dy) || !lowering.fits(dx) || !suits(lowering, w, node.attributes, false)) return null;
  const [, , kh, kw] = imageOf(w);
  const { strides, pads, dilations } = windowOf(node.attributes, [kh, kw]);
  if (String(dilations) !== "1,1" || kh !== kw || strides[0] !== strides[1]) return null;
  if (strides[0] === 1) return unitStride(node.inputs as readonly Value[], dx, pads, lowering);
  const [, , height, width] = imageOf(dx);
  const [, , ho, wo] = imageOf(dy);
  const halves = height === 2 * ho && width === 2 * wo;
  const form = parities[`${kh}/${pads}`];
  return strides[0] === 2 && halves && form ? [{ blocked: interleaved(dy, w, imageOf(dx), form, lowering) }] : null;
};

function unitStride(
  [dy, w]: readonly Value[],
  dx: Value,
  pads: readonly number[],
  lowering: Lowering,
): ReturnType<Rule> {
  const [, , kh, kw] = imageOf(w);
  const [, , ho, wo] = imageOf(dy);
  const [, , height, width] = imageOf(dx);
  const before = [kh - 1 - pads[0], kw - 1 - pads[1]];
  const after = [height - ho - before[0] + kh - 1, width - wo - before[1] + kw - 1];
  if ([...before, ...after].some((p) => p < 0)) return null;
  const { value, by } = lowering.scaled(dy);
  const reversed = Array.from({ length: kh * kw }, (_, t) => kh * kw - 1 - t);
  const swapped = swapFilters(scaleFilters(lowering.packed(w), by), lowering.block, reversed, [kh, kw]);
  const attributes: Attributes = { strides: [1, 1], dilations: [1, 1], pads: [...before, ...after] };
  if (suitsTiles(swapped, attributes, imageOf(dx))) return [{ blocked: convolveTiles(value, swapped, lowering.block) }];
  const fuse = (tail: { readonly sum?: Value | null; readonly relu?: boolean }) =>
    convolve(value, swapped, attributes, imageOf(dx), tail);
  return [{ blocked: fuse({}), fuse }];
}

/** For even and for odd rows (or columns) of dx: the taps met, in the order of dy's rows. */
type Parities = readonly [readonly number[], readonly number[]];

/** By kernel and padding. */
const parities: Readonly<Record<string, Parities>> = {
  "3/1,1,1,1": [[1], [2, 0]],
  "1/0,0,0,0": [[0], []],
};

function interleaved(dy: Value, w: Value, out: Image, form: Parities, lowering: Lowering): Value {
  const { value, by } = lowering.scaled(dy);
  const { block } = lowering;
  const [n, , ho, wo] = imageOf(dy);
  const [, i, , kw] = imageOf(w);
  const filters = scaleFilters(lowering.packed(w), by);
  const part = (rows: readonly number[], columns: readonly number[]): Value | null => {
    if (rows.length === 0 || columns.length === 0) return null;
    const taps = rows.flatMap((r) => columns.map((c) => r * kw + c));
    const swapped = swapFilters(filters, block, taps, [rows.length, columns.length]);
    const pads = [0, 0, rows.length - 1, columns.length - 1];
    return convolve(value, swapped, { strides: [1, 1], dilations: [1, 1], pads }, [n, i, ho, wo]);
  };
  return interleave(
    form.map((rows) => form.map((columns) => part(rows, columns))),
    out,
    block,
  );
}
