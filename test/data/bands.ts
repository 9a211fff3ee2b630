/** Pictures of many channels, as files. */

/** An uncompressed TIFF (revision 6.0) of one strip, little-endian: `samples` [height, width, channels] of 8, 16 or 32 bits. */
export function tiff(
  width: number,
  height: number,
  samples: Uint8Array | Uint16Array | Float32Array,
  { photometric = 1, extra = 0 }: { readonly photometric?: number; readonly extra?: number } = {},
): Buffer {
  const channels = samples.length / (width * height);
  const bits = 8 * samples.BYTES_PER_ELEMENT;
  const colours = photometric === 2 ? 3 : 1;
  const pixels = Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength);
  const lists: Buffer[] = [];
  const start = 8 + 2 + 12 * 12 + 4;
  const shorts = (values: readonly number[]): readonly [count: number, value: number] => {
    if (values.length <= 2) return [values.length, values[0] + (values[1] ?? 0) * 65536];
    const at = start + lists.reduce((sum, { length }) => sum + length, 0);
    lists.push(Buffer.from(Uint16Array.from(values).buffer));
    return [values.length, at];
  };
  const every = (value: number, count = channels) => shorts(Array.from({ length: count }, () => value));
  const [bitsOf, formatOf, extraOf] = [every(bits), every(bits === 32 ? 3 : 1), every(extra, channels - colours)];
  const end = start + lists.reduce((sum, { length }) => sum + length, 0);
  const entries: readonly (readonly [tag: number, type: number, count: number, value: number])[] = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, ...bitsOf],
    [259, 3, 1, 1],
    [262, 3, 1, photometric],
    [273, 4, 1, end],
    [277, 3, 1, channels],
    [278, 4, 1, height],
    [279, 4, 1, pixels.length],
    [284, 3, 1, 1],
    ...(channels > colours ? [[338, 3, ...extraOf] as const] : []),
    [339, 3, ...formatOf],
  ];
  const head = Buffer.alloc(start);
  head.write("II*\0", "latin1");
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(entries.length, 8);
  for (const [i, [tag, type, count, value]] of entries.entries()) {
    const at = 10 + 12 * i;
    head.writeUInt16LE(tag, at);
    head.writeUInt16LE(type, at + 2);
    head.writeUInt32LE(count, at + 4);
    head.writeUInt32LE(value, at + 8);
  }
  return Buffer.concat([head, ...lists, pixels]);
}

/** A .npy file as NumPy writes it. */
export function npy(descr: string, shape: readonly number[], data: ArrayBufferView, fortran = false): Buffer {
  const literal = `{'descr': '${descr}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${shape.join(", ")}${shape.length === 1 ? "," : ""}), }`;
  const length = Math.ceil((10 + literal.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10 + length, " ");
  head.write("\x93NUMPY\x01\0", "latin1");
  head.writeUInt16LE(length, 8);
  head.write(literal, 10);
  head[head.length - 1] = 0x0a;
  return Buffer.concat([head, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}
