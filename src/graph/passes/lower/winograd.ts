/**
 * 3×3 convolution at stride 1, padded by 1, with half the multiplications: Winograd's minimal filtering F(4,3) (Lavin and Gray
 * 2016, arXiv 1509.09308) along rows. Four rows of the result take six rows of x and six products, where twelve would meet:
 *
 *     y = Aᵀ [ (G w) ⊙ (Bᵀ x) ]          ⊙: a convolution of one row of taps, over columns and channels
 *
 * Both transforms are depthwise convolutions, one pass each. Across columns nothing is saved: that would take more passes over
 * memory than the multiplications are worth. Rounding errors are those of the direct form times five (relative 1e-6, float32).
 */
import { add, concat, slice, sub } from "../../apply.js";
import { type Attributes, constant, type Value } from "../../value.js";
import { affine, convolve, depthwise, type Image, imageOf, view } from "./kernels.js";

/** Rows of the result that are made at a time. */
const tile = 4;

interface Row {
  readonly taps: readonly number[];
  /** The first row met, of the six. */
  readonly from: number;
  readonly dilation: number;
}

/** Bᵀ by its taps that are not zero; the first row is a quarter of the textbook's, so that G's is 1 0 0. */
const images: readonly Row[] = [
  { taps: [1, -5 / 4, 1 / 4], from: 0, dilation: 2 },
  { taps: [-4, -4, 1, 1], from: 1, dilation: 1 },
  { taps: [4, -4, -1, 1], from: 1, dilation: 1 },
  { taps: [-2, -1, 2, 1], from: 1, dilation: 1 },
  { taps: [2, -1, -2, 1], from: 1, dilation: 1 },
  { taps: [4, -5, 1], from: 1, dilation: 2 },
];

/** G; a number is the row of taps that is taken as it is. */
const filters: readonly (number | readonly number[])[] = [
  0,
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  2,
];

/** From so many channels on, the passes cost less than the multiplications that they save. */
const manyChannels = 64;

/**
 * Whether rows in tiles are possible and faster than the direct form: not with few channels, nor where filters are much larger
 * than images, nor where many rows only fill the last tile. `npm run bench -- --choices` times both.
 */
export function suitsTiles(
  packed: Value,
  { strides, pads, dilations }: Attributes,
  [n, , height, width]: Image,
): boolean {
  const [filters, channels, ...kernel] = imageOf(packed);
  if (`${kernel}/${strides}/${pads}/${dilations}` !== "3,3/1,1/1,1,1,1/1,1") return false;
  const rows = tile * Math.ceil(height / tile);
  return Math.min(filters, channels) >= manyChannels && 9 * filters <= 4 * n * height * width && rows <= 1.2 * height;
}

/**
 * The convolution of a blocked image by packed filters of 3×3 taps.
 *
 * @param b - lanes of a block
 */
export function convolveTiles(x: Value, packed: Value, b: number): Value {
  const [n, , h, w] = imageOf(x);
  const [o] = imageOf(packed);
  const tiles = Math.ceil(h / tile);
  const part: Image = [n, o, tiles, w];
  const pieces = transformedFilters(packed, b);
  const product = (k: number, sum: Value | null = null): Value =>
    convolve(
      transformedRows(x, images[k], b),
      pieces[k],
      { strides: [1, 1], dilations: [1, 1], pads: [0, 1, 0, 1] },
      part,
      { sum },
    );
  const [m1, m2, m3, m4] = [1, 2, 3, 4].map((k) => product(k));
  const [p, q, r, s] = [add(m1, m2), sub(m1, m2), add(m3, m4), sub(m3, m4)];
  const times = (v: Value, factor: number, sum: Value): Value =>
    affine(v, constant(new Float32Array(o).fill(factor), [o]), { sum });
  const rows = [product(0, add(p, r)), times(s, 2, q), times(r, 4, p), product(5, times(s, 8, q))];
  const lanes = (n * o) / b;
  const all = concat(
    rows.map((v) => view(v, [lanes * tiles, 1, w * b])),
    1,
  );
  const kept = tiles * tile === h ? all : slice(view(all, [lanes, tiles * tile, w * b]), 1, 0, h);
  return view(kept, [n, o, h, w]);
}

/** One row of Bᵀ over the six rows of every tile, the first of which lies above the tile. */
function transformedRows(x: Value, { taps, from, dilation }: Row, b: number): Value {
  const [n, c, h, w] = imageOf(x);
  const tiles = Math.ceil(h / tile);
  const last = (tiles - 1) * tile + from - 1 + (taps.length - 1) * dilation;
  const attributes = {
    strides: [tile, 1],
    dilations: [dilation, 1],
    pads: [1 - from, 0, Math.max(0, last - h + 1), 0],
  };
  return depthwise(x, taps, [taps.length, 1], attributes, [n, c, tiles, w], b);
}

/** The six filters of one row of taps, [O, I, 1, 3] packed: each made in one pass over an image of O·I/b² rows by 3 of taps. */
function transformedFilters(packed: Value, b: number): readonly Value[] {
  const [o, i, , columns] = imageOf(packed);
  const pairs = (o * i) / b ** 2;
  const row = columns * b;
  return filters.map((taps) => {
    const made =
      typeof taps === "number"
        ? slice(view(packed, [pairs, 3, row * b]), 1, taps, taps + 1)
        : depthwise(view(packed, [pairs, b, 3, row]), taps, [3, 1], {}, [pairs, b, 1, row], b);
    return view(made, [o, i, 1, columns]);
  });
}
