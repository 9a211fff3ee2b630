/**
 * Box blurs whose box ends in part of a pixel: bytes are (inner · Σ within + outer · (both beyond) + 2²³) / 2²⁴. A row is made
 * from a list of the rows that stand at distances -radius - 1 to radius + 1 from it.
 */

/** A row of `length` bytes from the `radius`'s list of rows. */
function blurRow(rows: usize, radius: i32, inner: i32, outer: i32, length: i32, target: usize): void {
  // Sums of up to 16 bits are kept less 2¹⁵, so that they are products' signed factors; weights are high · 2¹² + low.
  const low = i32x4.splat((inner & 4095) | ((outer & 4095) << 16));
  const high = i32x4.splat((inner >> 12) | ((outer >> 12) << 16));
  const rest = i32x4.splat((1 << 23) + (inner << 15));
  const last = rows + ((2 * <usize>radius + 2) << 2);
  for (let x: usize = 0; x < <usize>length; x += 16) {
    const before = v128.load(load<usize>(rows) + x);
    const after = v128.load(load<usize>(last) + x);
    const ends0 = i16x8.add(i16x8.extend_low_i8x16_u(before), i16x8.extend_low_i8x16_u(after));
    const ends1 = i16x8.add(i16x8.extend_high_i8x16_u(before), i16x8.extend_high_i8x16_u(after));
    let sum0 = i16x8.splat(-32768);
    let sum1 = i16x8.splat(-32768);
    for (let row = rows + 4; row < last; row += 4) {
      const pixels = v128.load(load<usize>(row) + x);
      sum0 = i16x8.add(sum0, i16x8.extend_low_i8x16_u(pixels));
      sum1 = i16x8.add(sum1, i16x8.extend_high_i8x16_u(pixels));
    }
    const a = weighed(i16x8.shuffle(sum0, ends0, 0, 8, 1, 9, 2, 10, 3, 11), low, high, rest);
    const b = weighed(i16x8.shuffle(sum0, ends0, 4, 12, 5, 13, 6, 14, 7, 15), low, high, rest);
    const c = weighed(i16x8.shuffle(sum1, ends1, 0, 8, 1, 9, 2, 10, 3, 11), low, high, rest);
    const d = weighed(i16x8.shuffle(sum1, ends1, 4, 12, 5, 13, 6, 14, 7, 15), low, high, rest);
    v128.store(target + x, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
  }
}

function weighed(sumsAndEnds: v128, low: v128, high: v128, rest: v128): v128 {
  const lows = i32x4.add(i32x4.dot_i16x8_s(sumsAndEnds, low), rest);
  return i32x4.shr_u(i32x4.add(i32x4.shl(i32x4.dot_i16x8_s(sumsAndEnds, high), 12), lows), 24);
}

/** One blur along y; `list` has room for 2 · radius + 3 pointers. */
export function blurColumns(
  source: usize,
  target: usize,
  height: i32,
  stride: i32,
  radius: i32,
  inner: i32,
  outer: i32,
  list: usize,
): void {
  for (let y = 0; y < height; y++) {
    for (let d = -radius - 1; d <= radius + 1; d++) {
      const row = min(max(y + d, 0), height - 1);
      store<usize>(list + ((<usize>(d + radius + 1)) << 2), source + row * stride);
    }
    blurRow(list, radius, inner, outer, stride, target + y * stride);
  }
}

/**
 * Three blurs along x. `list` has room for two lists of 2 · radius + 3 pointers, then for two rows with radius + 1 pixels on either
 * side, in which a row stays meanwhile.
 */
export function blurRows(
  source: usize,
  target: usize,
  height: i32,
  width: i32,
  channels: i32,
  radius: i32,
  inner: i32,
  outer: i32,
  list: usize,
): void {
  const stride = width * channels;
  const edge = (radius + 1) * channels;
  const pointers = 2 * radius + 3;
  const rowA = list + ((<usize>pointers) << 3);
  const rowB = rowA + stride + 2 * edge + 64;
  const listB = list + ((<usize>pointers) << 2);
  for (let k = 0; k < pointers; k++) {
    store<usize>(list + ((<usize>k) << 2), rowA + k * channels);
    store<usize>(listB + ((<usize>k) << 2), rowB + k * channels);
  }
  for (let y = 0; y < height; y++) {
    memory.copy(rowA + edge, source + y * stride, stride);
    repeatEdges(rowA, edge, stride, channels);
    blurRow(list, radius, inner, outer, stride, rowB + edge);
    repeatEdges(rowB, edge, stride, channels);
    blurRow(listB, radius, inner, outer, stride, rowA + edge);
    repeatEdges(rowA, edge, stride, channels);
    blurRow(list, radius, inner, outer, stride, target + y * stride);
  }
}

/** The first and last pixel of a row, `edge` bytes of either before and after it. */
function repeatEdges(row: usize, edge: i32, length: i32, channels: i32): void {
  const end = row + edge + length;
  for (let i = 0; i < edge; i++) {
    store<u8>(row + edge - 1 - i, load<u8>(row + edge + channels - 1 - (i % channels)));
    store<u8>(end + i, load<u8>(end - channels + (i % channels)));
  }
}
