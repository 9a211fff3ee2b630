/**
 * Turns of the hue through Pillow's 8-bit HSV, four pixels at a time. Pillow computes some of it in float64: of no colour at no turn
 * does float32 make another byte.
 */

/**
 * Turns the hue of RGB pixels by `shift` of 255 parts of the circle, in place. Greys and black divide 0 by 0: their hue counts as 0, and
 * of what is no number the low bits are 0, as black's are to be.
 */
export function turnHue(data: usize, pixels: i32, shift: i32): void {
  for (let i = 0; i < pixels; i += 4) {
    const rgb = v128.load(data);
    const red = i8x16.swizzle(rgb, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
    const green = i8x16.swizzle(rgb, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1));
    const blue = i8x16.swizzle(rgb, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
    const largest = i32x4.max_s(i32x4.max_s(red, green), blue);
    const smallest = i32x4.min_s(i32x4.min_s(red, green), blue);
    const middle = i32x4.sub(i32x4.add(i32x4.add(red, green), blue), i32x4.add(largest, smallest));
    const value = f32x4.convert_i32x4_s(largest);
    const range = f32x4.convert_i32x4_s(i32x4.sub(largest, smallest));
    const below = f32x4.div(f32x4.convert_i32x4_s(i32x4.sub(largest, middle)), range);
    const hue = v128.and(i32x4.add(hueOf(red, green, blue, largest, below), i32x4.splat(shift)), i32x4.splat(255));

    // The largest stays. The smallest is value · (1 - saturation); the third value · (1 - saturation · share), by where in its sixth the hue is.
    const saturation = f32x4.trunc(f32x4.mul(f32x4.div(range, value), f32x4.splat(255))); // in 255ths
    const share = f32x4.mul(saturation, shareOf(hue)); // in 255 · 85ths
    const low = f32x4.mul(value, f32x4.sub(f32x4.splat(255), saturation));
    const third = f32x4.mul(value, f32x4.sub(f32x4.splat(255 * 85), share));
    const others = v128.or(i32x4.shl(rounded(low, 1 / 255), 8), i32x4.shl(rounded(third, 1 / (255 * 85)), 16));
    const levels = v128.or(largest, others);
    const turned = i8x16.swizzle(levels, placesOf(hue));
    v128.store64_lane(data, turned, 0);
    v128.store32_lane(data, turned, 2, 8);
    data += 12;
  }
}

/** Hues of four pixels, 0 to 255; `below` is how far the middle channel is below the largest, of how far the smallest is. */
function hueOf(red: v128, green: v128, blue: v128, largest: v128, below: v128): v128 {
  // In sixths of the circle it is 0, 2 or 4 by the largest channel (of equals the first), and 1 - below before that or after.
  const isRed = i32x4.eq(red, largest);
  const isGreen = i32x4.eq(green, largest);
  const middle = v128.bitselect(f32x4.splat(0), v128.bitselect(f32x4.splat(2), f32x4.splat(4), isGreen), isRed);
  const isBefore = v128.bitselect(
    i32x4.lt_s(green, blue),
    v128.bitselect(i32x4.lt_s(blue, red), i32x4.lt_s(red, green), isGreen),
    isRed,
  );
  const end = f32x4.add(middle, v128.bitselect(f32x4.splat(-1), f32x4.splat(1), isBefore));
  const angle = v128.bitselect(f32x4.add(end, below), f32x4.sub(end, below), isBefore);
  const turns = f32x4.div(angle, f32x4.splat(6));
  const wrapped = f32x4.add(turns, v128.and(f32x4.lt(turns, f32x4.splat(0)), f32x4.splat(1)));
  return i32x4.trunc_sat_f32x4_s(f32x4.mul(wrapped, f32x4.splat(255)));
}

/** What the third channel's saturation is multiplied by, in 85ths: falls from 85 in a sixth of the circle, and rises in the next. */
function shareOf(hue: v128): v128 {
  const third = i32x4.shr_u(i32x4.dot_i16x8_s(hue, i32x4.splat(772)), 16); // of the circle, hue / 85
  const from = i32x4.sub(i32x4.shl(hue, 1), i32x4.dot_i16x8_s(third, i32x4.splat(170)));
  return f32x4.convert_i32x4_s(i32x4.abs(i32x4.sub(from, i32x4.splat(85))));
}

/** `value · by` rounded to the nearest of 0 to 255: the low bits of a number at which float32 has no smaller ones. */
function rounded(value: v128, by: f32): v128 {
  return v128.and(f32x4.add(f32x4.mul(value, f32x4.splat(by)), f32x4.splat(8388608)), i32x4.splat(255));
}

/** Where the 12 bytes of four pixels come from, where each has 4: the largest, the smallest and the third. */
function placesOf(hue: v128): v128 {
  const sixth = i32x4.shr_u(i32x4.dot_i16x8_s(hue, i32x4.splat(1544)), 16); // 2 · hue / 85; 6 is 0 again
  const each = i8x16.swizzle(sixth, i8x16(0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12, -1, -1, -1, -1));
  const red = i8x16.swizzle(i8x16(0, 2, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), each);
  const green = i8x16.swizzle(i8x16(2, 0, 0, 2, 1, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0), each);
  const blue = i8x16.swizzle(i8x16(1, 1, 2, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0), each);
  const isRed = i8x16(-1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, 0, 0, 0, 0);
  const isGreen = i8x16(0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, 0, 0, 0);
  const pixel = i8x16(0, 0, 0, 4, 4, 4, 8, 8, 8, 12, 12, 12, 0, 0, 0, 0);
  return v128.or(v128.bitselect(red, v128.bitselect(green, blue, isGreen), isRed), pixel);
}
