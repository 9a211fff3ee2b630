/**
 * Weighted sums of pixels along an axis. Weights are of 22 bits and a pixel of 8: as products of 16-bit numbers, two at once, a
 * weight is high · 2¹⁵ + low. A table has, for an output, its weights in pairs: 16 bits of low of both, then of high.
 */

const weightBits: i32 = 22;
const lowBits: i32 = 15;

// @ts-expect-error: AssemblyScript's operator
const half: v128 = i32x4.splat(1 << (weightBits - 1));

function rounded(high: v128, low: v128): v128 {
  return i32x4.shr_s(i32x4.add(i32x4.shl(high, lowBits), low), weightBits);
}

/** Bytes of four int32, held within 8 bits. */
function levels(a: v128, b: v128, c: v128, d: v128): v128 {
  return i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d));
}

/** RGB rows: output x of a row is over pixels from `starts[x]`. Four at a time, of which those after the last are the last again. */
export function coloursAlongX(
  source: usize,
  stride: usize,
  starts: usize,
  pairs: usize,
  pairCount: i32,
  first: i32,
  count: i32,
  rows: i32,
  target: usize,
): void {
  const last = first + count - 1;
  for (let y = 0; y < rows; y++) {
    for (let x = first; x <= last; x += 4) {
      const a = colour(source, starts, pairs, pairCount, x);
      const b = colour(source, starts, pairs, pairCount, min(x + 1, last));
      const c = colour(source, starts, pairs, pairCount, min(x + 2, last));
      const d = colour(source, starts, pairs, pairCount, min(x + 3, last));
      const pixels = i8x16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
      v128.store(target + 3 * (x - first), i8x16.swizzle(levels(a, b, c, d), pixels));
    }
    source += stride;
    target += 3 * count;
  }
}

/** The three channels of output x, as int32. */
function colour(row: usize, starts: usize, pairs: usize, pairCount: i32, x: i32): v128 {
  let at = row + 3 * load<i32>(starts + ((<usize>x) << 2));
  let table = pairs + ((<usize>(x * pairCount)) << 3);
  let low = half;
  let high = i32x4.splat(0);
  for (let k = 0; k < pairCount; k++) {
    // Channels of two pixels side by side, as 16-bit numbers.
    const beside = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
    const pixels = i8x16.swizzle(v128.load64_zero(at), beside);
    low = i32x4.add(low, i32x4.dot_i16x8_s(pixels, v128.load32_splat(table)));
    high = i32x4.add(high, i32x4.dot_i16x8_s(pixels, v128.load32_splat(table, 4)));
    at += 6;
    table += 8;
  }
  return rounded(high, low);
}

/** Rows of one channel. */
export function greysAlongX(
  source: usize,
  stride: usize,
  starts: usize,
  weights: usize,
  width: i32,
  first: i32,
  count: i32,
  rows: i32,
  target: usize,
): void {
  for (let y = 0; y < rows; y++) {
    let weight = weights + ((<usize>(first * width)) << 2);
    for (let x = first; x < first + count; x++) {
      const at = source + load<i32>(starts + ((<usize>x) << 2));
      let sum = 1 << (weightBits - 1);
      for (let k = 0; k < width; k++) {
        sum += <i32>load<u8>(at + k) * load<i32>(weight);
        weight += 4;
      }
      store<u8>(target++, <u8>min(max(sum >> weightBits, 0), 255));
    }
    source += stride;
  }
}

/** Output row y is over rows from `starts[y]`, of which `source` is row `firstRow`; rows of `length` bytes. */
export function alongY(
  source: usize,
  stride: usize,
  firstRow: i32,
  starts: usize,
  pairs: usize,
  width: i32,
  first: i32,
  count: i32,
  length: i32,
  target: usize,
): void {
  const pairCount = (width + 1) >> 1;
  for (let y = first; y < first + count; y++) {
    const row = source + <usize>(load<i32>(starts + ((<usize>y) << 2)) - firstRow) * stride;
    const table = pairs + ((<usize>(y * pairCount)) << 3);
    for (let x = 0; x < length; x += 16) {
      let low0 = half;
      let low1 = half;
      let low2 = half;
      let low3 = half;
      let high0 = i32x4.splat(0);
      let high1 = i32x4.splat(0);
      let high2 = i32x4.splat(0);
      let high3 = i32x4.splat(0);
      let at = row + x;
      for (let k = 0; k < width; k += 2) {
        const a = v128.load(at);
        const b = v128.load(k + 1 < width ? at + stride : at); // the weight of a row too many is 0
        const ab = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        const cd = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        const low = v128.load32_splat(table + ((<usize>k) << 2));
        const high = v128.load32_splat(table + ((<usize>k) << 2), 4);
        const p0 = i16x8.extend_low_i8x16_u(ab);
        const p1 = i16x8.extend_high_i8x16_u(ab);
        const p2 = i16x8.extend_low_i8x16_u(cd);
        const p3 = i16x8.extend_high_i8x16_u(cd);
        low0 = i32x4.add(low0, i32x4.dot_i16x8_s(p0, low));
        low1 = i32x4.add(low1, i32x4.dot_i16x8_s(p1, low));
        low2 = i32x4.add(low2, i32x4.dot_i16x8_s(p2, low));
        low3 = i32x4.add(low3, i32x4.dot_i16x8_s(p3, low));
        high0 = i32x4.add(high0, i32x4.dot_i16x8_s(p0, high));
        high1 = i32x4.add(high1, i32x4.dot_i16x8_s(p1, high));
        high2 = i32x4.add(high2, i32x4.dot_i16x8_s(p2, high));
        high3 = i32x4.add(high3, i32x4.dot_i16x8_s(p3, high));
        at += stride << 1;
      }
      const sums = levels(rounded(high0, low0), rounded(high1, low1), rounded(high2, low2), rounded(high3, low3));
      v128.store(target + x, sums);
    }
    target += length;
  }
}
