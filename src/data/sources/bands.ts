/** Pictures of many channels, as of satellites and microscopes: TIFF files whose samples are no colours, and NumPy's arrays. */
import type { Sharp } from "sharp";
import { mostChannels, mostPixels, type Picture, requireSize } from "./picture.js";

/** 16 channels of 4,096 by 4,096 pixels. */
const mostSamples = 2 * mostPixels;

/** @throws if a picture has more channels, or more of all, than are read */
function requireChannels(width: number, height: number, channels: number): void {
  requireSize(width, height);
  if (!(channels >= 1 && channels <= mostChannels))
    throw new Error(`it has ${channels} channels: 1 to ${mostChannels} are read`);
  if (width * height * channels > mostSamples)
    throw new Error(
      `it has ${width} by ${height} pixels of ${channels} channels: at most ${mostSamples} numbers are read`,
    );
}

/** What libvips calls samples that are no colours. */
const plainSpaces: ReadonlySet<string> = new Set(["b-w", "grey16", "multiband"]);

/** Whether a TIFF file's samples are channels that are no colours: more than alpha stands beside grey or red, green and blue. */
export function holdsBands(
  file: Buffer,
  { space, channels }: { readonly space: string; readonly channels: number },
): boolean {
  if (!/^(II\*\0|MM\0\*)/.test(file.toString("latin1", 0, 4))) return false;
  if (plainSpaces.has(space)) return channels > 2;
  return channels > 4 || (channels === 4 && space !== "cmyk" && extraSample(file) === 0);
}

/** What the fourth sample is: 0 not said, 1 or 2 transparency; null where nothing says (TIFF 6.0, tag ExtraSamples). */
function extraSample(file: Buffer): number | null {
  const isLittle = file[0] === 0x49;
  const short = (at: number): number =>
    at + 2 <= file.length ? (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at)) : 0;
  const start = file.length < 8 ? 0 : isLittle ? file.readUInt32LE(4) : file.readUInt32BE(4);
  for (let entry = 0; entry < short(start); entry++)
    if (short(start + 2 + 12 * entry) === 338) return short(start + 10 + 12 * entry);
  return null;
}

/** The channels of such a file, of 8 or 16 bits; of 16 the upper 8 are kept, rounded. */
export async function decodeBands(image: Sharp): Promise<Picture> {
  const { width, height, channels, depth, space } = await image.metadata();
  if (depth !== "uchar" && depth !== "ushort")
    throw new Error(
      `its channels are of the kind ${depth}: 8 and 16 bits are read, and .npy files of numbers from 0 to 1`,
    );
  requireChannels(width, height, channels);
  // sharp keeps all samples of 16 bits, and of 8 the first alone.
  const [kept, wide] = plainSpaces.has(space) ? (["grey16", "ushort"] as const) : ([space, depth] as const);
  const { data, info } = await image.toColourspace(kept).raw({ depth: wide }).toBuffer({ resolveWithObject: true });
  if (info.channels !== channels) throw new Error(`${info.channels} of its ${channels} channels can be read`);
  const pixels = wide === "uchar" ? data : narrowed(new Uint16Array(data.buffer, data.byteOffset, data.length / 2));
  return { width, height, channels, data: pixels };
}

/** Samples of 16 bits as 8, 65,535 as 255, on the same memory: each byte is written where its two, or earlier ones, were read. */
function narrowed(samples: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.length);
  for (let i = 0; i < samples.length; i++) bytes[i] = Math.round(samples[i] / 257);
  return bytes;
}

/** Numbers of a .npy file as 8 bits, by their kind. */
const kinds: Readonly<
  Record<string, { readonly bytes: number; readonly level: (view: DataView, at: number) => number }>
> = {
  "|u1": { bytes: 1, level: (view, at) => view.getUint8(at) },
  "<u2": { bytes: 2, level: (view, at) => Math.round(view.getUint16(at, true) / 257) },
  ">u2": { bytes: 2, level: (view, at) => Math.round(view.getUint16(at) / 257) },
  "<f4": { bytes: 4, level: (view, at) => levelOf(view.getFloat32(at, true)) },
  "<f8": { bytes: 8, level: (view, at) => levelOf(view.getFloat64(at, true)) },
};

function levelOf(share: number): number {
  if (!(share >= 0 && share <= 1))
    throw new Error(`it holds ${Number.isNaN(share) ? "what is no number" : share}: floats must lie from 0 to 1`);
  return Math.round(255 * share);
}

/**
 * An array [height, width] or [height, width, channels] of bytes, 16 bits, or floats from 0 to 1 (NumPy's format 1 to 3). One whose
 * first length alone can be that of channels is [channels, height, width].
 */
export function decodeNpy(file: Buffer): Picture {
  const lengthBytes = file[6] === 1 ? 2 : 4;
  if (file.length < 8 + lengthBytes) throw new Error("its header is cut short");
  const from = 8 + lengthBytes + file.readUIntLE(8, lengthBytes);
  const header = file.toString("latin1", 8 + lengthBytes, from);
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? "";
  const kind = Object.hasOwn(kinds, descr) ? kinds[descr] : null;
  if (!kind)
    throw new Error(`its numbers are of the kind ${JSON.stringify(descr)}: ${Object.keys(kinds).join(", ")} are read`);
  const lengths =
    /'shape':\s*\(([\d, ]*)\)/
      .exec(header)?.[1]
      .split(",")
      .map((n) => n.trim())
      .filter(Boolean) ?? [];
  if (/'fortran_order':\s*True/.test(header)) throw new Error("its rows are in Fortran's order: save it in C's");
  if (!(lengths.length === 2 || lengths.length === 3) || !lengths.every((n) => /^\d{1,9}$/.test(n)))
    throw new Error(`it is an array [${lengths}]: [height, width] or [height, width, channels] is read`);
  const shape = lengths.map(Number);
  const isFirst = shape.length === 3 && shape[0] <= mostChannels && shape[2] > mostChannels;
  const [height, width, channels = 1] = isFirst ? [shape[1], shape[2], shape[0]] : shape;
  requireChannels(width, height, channels);
  const count = width * height * channels;
  if (file.length - from !== count * kind.bytes)
    throw new Error(`[${shape}] needs ${count * kind.bytes} bytes, ${Math.max(0, file.length - from)} are there`);
  const view = new DataView(file.buffer, file.byteOffset + from);
  const data = new Uint8Array(count);
  const area = width * height;
  for (let i = 0; i < count; i++) {
    const place = isFirst ? (i % area) * channels + Math.floor(i / area) : i;
    data[place] = kind.level(view, i * kind.bytes);
  }
  return { width, height, channels, data };
}
