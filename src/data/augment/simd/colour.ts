/** Luma, in units of 2⁻¹⁶, and blends, as Pillow computes them: base + factor · (image - base) in float32, truncated, held within 8 bits. */

const pixelBytes: usize = 12; // of the four pixels at a time

/** Luma of four pixels, of whose 16 bytes the last four are not theirs, as int32. */
function lumaOf(pixels: v128): v128 {
  // 19595 red + 38470 green + 7471 blue, green in two parts: 38470 takes more than 15 bits.
  const redGreen = i8x16.swizzle(pixels, i8x16(0, -1, 1, -1, 3, -1, 4, -1, 6, -1, 7, -1, 9, -1, 10, -1));
  const greenBlue = i8x16.swizzle(pixels, i8x16(1, -1, 2, -1, 4, -1, 5, -1, 7, -1, 8, -1, 10, -1, 11, -1));
  const first = i32x4.dot_i16x8_s(redGreen, i16x8(19595, 32767, 19595, 32767, 19595, 32767, 19595, 32767));
  const second = i32x4.dot_i16x8_s(greenBlue, i16x8(5703, 7471, 5703, 7471, 5703, 7471, 5703, 7471));
  return i32x4.shr_u(i32x4.add(i32x4.add(first, second), i32x4.splat(32768)), 16);
}

/** `target[i]` is the luma of RGB pixel i. */
export function luma(source: usize, pixels: i32, target: usize): void {
  for (let i = 0; i < pixels; i += 4) {
    const values = lumaOf(v128.load(source));
    v128.store32_lane(target, i8x16.narrow_i16x8_u(i16x8.narrow_i32x4_s(values, values), values), 0);
    source += pixelBytes;
    target += 4;
  }
}

/** The sum of the luma of RGB pixels. */
export function lumaLevels(source: usize, pixels: i32): f64 {
  let total: f64 = 0;
  const whole = pixels & ~3;
  for (let from = 0; from < whole; from += 65536) {
    let sum = i32x4.splat(0);
    const end = min(whole, from + 65536);
    for (let i = from; i < end; i += 4) sum = i32x4.add(sum, lumaOf(v128.load(source + 3 * i)));
    total += <f64>i32x4.extract_lane(sum, 0) + <f64>i32x4.extract_lane(sum, 1);
    total += <f64>i32x4.extract_lane(sum, 2) + <f64>i32x4.extract_lane(sum, 3);
  }
  for (let i = whole; i < pixels; i++) total += <f64>i32x4.extract_lane(lumaOf(v128.load(source + 3 * i)), 0);
  return total;
}

/** The sum of bytes. */
export function greyLevels(source: usize, length: i32): f64 {
  let total: f64 = 0;
  for (let i = 0; i < length; i++) total += <f64>load<u8>(source + i);
  return total;
}

/** Blends bytes with one level, in place: with black for brightness, with the mean luma for contrast. */
export function blendWith(data: usize, length: i32, base: f32, factor: f32): void {
  const level = f32x4.splat(base);
  const by = f32x4.splat(factor);
  for (const end = data + length; data < end; data += 16) {
    const bytes = v128.load(data);
    const low = i16x8.extend_low_i8x16_u(bytes);
    const high = i16x8.extend_high_i8x16_u(bytes);
    const a = i16x8.narrow_i32x4_s(
      blend(i32x4.extend_low_i16x8_u(low), level, by),
      blend(i32x4.extend_high_i16x8_u(low), level, by),
    );
    const b = i16x8.narrow_i32x4_s(
      blend(i32x4.extend_low_i16x8_u(high), level, by),
      blend(i32x4.extend_high_i16x8_u(high), level, by),
    );
    v128.store(data, i8x16.narrow_i16x8_u(a, b));
  }
}

/** Blends each RGB pixel with its own luma, in place. */
export function saturate(data: usize, pixels: i32, factor: f32): void {
  const by = f32x4.splat(factor);
  for (let i = 0; i < pixels; i += 4) {
    const rgb = v128.load(data);
    const base = f32x4.convert_i32x4_s(lumaOf(rgb));
    const red = i8x16.swizzle(rgb, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
    const green = i8x16.swizzle(rgb, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1));
    const blue = i8x16.swizzle(rgb, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
    const redGreen = i16x8.narrow_i32x4_s(blend(red, base, by), blend(green, base, by));
    const blues = blend(blue, base, by);
    const planes = i8x16.narrow_i16x8_u(redGreen, i16x8.narrow_i32x4_s(blues, blues));
    const blended = i8x16.swizzle(planes, i8x16(0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, -1, -1, -1, -1));
    v128.store64_lane(data, blended, 0);
    v128.store32_lane(data, blended, 2, 8);
    data += pixelBytes;
  }
}

function blend(channel: v128, base: v128, factor: v128): v128 {
  const difference = f32x4.sub(f32x4.convert_i32x4_s(channel), base);
  return i32x4.trunc_sat_f32x4_s(f32x4.add(base, f32x4.mul(factor, difference)));
}
