/** Bytes by a table, and in another order. */

/** `data[i] = table[data[i]]`, in place. */
export function lookUp(data: usize, length: i32, table: usize): void {
  for (const end = data + length; data < end; data++) store<u8>(data, load<u8>(table + load<u8>(data)));
}

/** One channel by itself, each row read from its last pixel on if `mirrored`. */
export function plane(source: usize, height: i32, width: i32, channels: i32, mirrored: bool, target: usize): void {
  const step = mirrored ? -channels : channels;
  for (let y = 0; y < height; y++) {
    let at = source + (y * width + (mirrored ? width - 1 : 0)) * channels;
    for (let x = 0; x < width; x++) {
      store<u8>(target++, load<u8>(at));
      at += step;
    }
  }
}
