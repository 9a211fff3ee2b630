/** The way to HSV and back; see `../hue.ts` for the tables. */

/**
 * Turns the hue of RGB pixels, in place.
 *
 * @param hues - hue by `sector << 16 | (max - min) << 8 | (max - middle)`
 * @param saturations - float64 by `max << 8 | (max - min)`
 * @param turned - by hue, 16 bytes: what the saturation is multiplied by, float64; then of the largest, the smallest and the other
 *   channel how many bits to shift them by, a byte each
 * @param scratch - 32 bytes
 */
export function turnHue(
  data: usize,
  pixels: i32,
  hues: usize,
  saturations: usize,
  turned: usize,
  scratch: usize,
): void {
  for (let i = 0; i < pixels; i += 4) {
    const rgb = v128.load(data);
    const red = i8x16.swizzle(rgb, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
    const green = i8x16.swizzle(rgb, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1));
    const blue = i8x16.swizzle(rgb, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
    const largest = i32x4.max_s(i32x4.max_s(red, green), blue);
    const smallest = i32x4.min_s(i32x4.min_s(red, green), blue);
    const middle = i32x4.sub(i32x4.add(i32x4.add(red, green), blue), i32x4.add(largest, smallest));
    const range = i32x4.sub(largest, smallest);
    // Sectors 0 and 1 have red largest, 2 and 3 green, 4 and 5 blue (of equals the first); odd ones where the next is not smallest.
    const isRed = i32x4.eq(red, largest);
    const isGreen = i32x4.eq(green, largest);
    const pair = v128.bitselect(i32x4.splat(0), v128.bitselect(i32x4.splat(2), i32x4.splat(4), isGreen), isRed);
    const smaller = v128.bitselect(
      i32x4.lt_s(green, blue),
      v128.bitselect(i32x4.lt_s(red, blue), i32x4.lt_s(red, green), isGreen),
      isRed,
    );
    const sector = i32x4.add(i32x4.add(pair, smaller), i32x4.splat(1)); // true is -1
    const below = i32x4.sub(largest, middle);
    v128.store(scratch, v128.or(i32x4.shl(sector, 16), v128.or(i32x4.shl(range, 8), below)));
    v128.store(scratch, v128.or(i32x4.shl(largest, 8), range), 16);
    turnPixel(data, load<u32>(scratch), load<u32>(scratch, 16), hues, saturations, turned);
    turnPixel(data + 3, load<u32>(scratch, 4), load<u32>(scratch, 20), hues, saturations, turned);
    turnPixel(data + 6, load<u32>(scratch, 8), load<u32>(scratch, 24), hues, saturations, turned);
    turnPixel(data + 9, load<u32>(scratch, 12), load<u32>(scratch, 28), hues, saturations, turned);
    data += 12;
  }
}

function turnPixel(data: usize, place: u32, strength: u32, hues: usize, saturations: usize, turned: usize): void {
  const by = turned + ((<usize>load<u8>(hues + place)) << 4);
  const saturation = load<f64>(saturations + (strength << 3));
  const largest = strength >> 8;
  const v = <f64>largest;
  const smallest = <u32>(v * (1 - saturation) + 0.5);
  const other = <u32>(v * (1 - saturation * load<f64>(by)) + 0.5);
  const pixel =
    (largest << (<u32>load<u8>(by, 8))) | (smallest << (<u32>load<u8>(by, 9))) | (other << (<u32>load<u8>(by, 10)));
  store<u16>(data, <u16>pixel);
  store<u8>(data, <u8>(pixel >> 16), 2);
}
