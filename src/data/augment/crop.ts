/** Cuts and mirrors of interleaved 8-bit images. */

/** floor or ceil of half of `difference`, whichever is even where it falls between: Python's `round(difference / 2)`. */
export function halfToEven(difference: number): number {
  const low = Math.floor(difference / 2);
  return difference % 2 === 0 || low % 2 === 0 ? low : low + 1;
}

/** The middle `size` × `size` of the image at `source`, zero outside it, at `target`, which does not overlap it. */
export function centerCrop(
  bytes: Uint8Array,
  source: number,
  height: number,
  width: number,
  channels: number,
  size: number,
  target: number,
): void {
  // A smaller image is padded first: floor of half the missing pixels before, the rest after; then the cut is exact.
  const top = height < size ? -Math.floor((size - height) / 2) : halfToEven(height - size);
  const left = width < size ? -Math.floor((size - width) / 2) : halfToEven(width - size);
  if (height < size || width < size) bytes.fill(0, target, target + size * size * channels);
  const columns = Math.min(width, size) * channels;
  for (let y = Math.max(0, -top); y < size && y + top < height; y++) {
    const from = source + ((y + top) * width + Math.max(0, left)) * channels;
    bytes.copyWithin(target + (y * size + Math.max(0, -left)) * channels, from, from + columns);
  }
}

/** Mirrors left and right the image at `at`, in place. */
export function mirror(data: Uint8Array, at: number, height: number, width: number, channels: number): void {
  for (let y = 0; y < height; y++) {
    let a = at + y * width * channels;
    let b = a + (width - 1) * channels;
    while (a < b) {
      for (let c = 0; c < channels; c++) {
        const swapped = data[a + c];
        data[a + c] = data[b + c];
        data[b + c] = swapped;
      }
      a += channels;
      b -= channels;
    }
  }
}
