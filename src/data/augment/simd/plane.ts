/** Channels by themselves. */

/**
 * The first channel of 1 or 3 by itself, each row read from its last pixel on if `mirrored`. Some bytes before the first pixel may be
 * read.
 */
export function plane(source: usize, height: i32, width: i32, channels: i32, mirrored: bool, target: usize): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x += 16) {
      const at = source + (mirrored ? width - 16 - x : x) * channels;
      const pixels = channels === 1 ? v128.load(at) : everyThird(at);
      v128.store(target + x, mirrored ? reversed(pixels) : pixels);
    }
    source += width * channels;
    target += width;
  }
}

function everyThird(at: usize): v128 {
  const a = i8x16.swizzle(v128.load(at), i8x16(0, 3, 6, 9, 12, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1));
  const b = i8x16.swizzle(v128.load(at, 16), i8x16(-1, -1, -1, -1, -1, -1, 2, 5, 8, 11, 14, -1, -1, -1, -1, -1));
  const c = i8x16.swizzle(v128.load(at, 32), i8x16(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1, 4, 7, 10, 13));
  return v128.or(v128.or(a, b), c);
}

function reversed(pixels: v128): v128 {
  return i8x16.swizzle(pixels, i8x16(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}
