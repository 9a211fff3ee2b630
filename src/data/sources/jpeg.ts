/**
 * Plain JPEG files, decoded by libjpeg-turbo as WebAssembly: the bytes sharp gives, without its threads and fresh memory for every
 * image, which take longer than the decoding.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isUprightSrgb } from "./anyPicture.js";
import { mostPixels, type Picture, type Room } from "./picture.js";

interface Decoder {
  /** Memory to put a file into. */
  getEncodedBuffer(length: number): Uint8Array;
  /** Throws a number for a file that is not whole and sound. */
  decode(): void;
  getFrameInfo(): { readonly width: number; readonly height: number; readonly componentCount: number };
  /** Memory of the pixels, until the next file. */
  getDecodedBuffer(): Uint8Array;
}

type Codec = (options: { wasmBinary: Uint8Array }) => Promise<{ readonly JPEGDecoder: new () => Decoder }>;

let decoder: Promise<Decoder> | null = null;

async function openDecoder(): Promise<Decoder> {
  const require = createRequire(import.meta.url);
  const name = "@cornerstonejs/codec-libjpeg-turbo-8bit";
  const codec = require(`${name}/decodewasmjs`) as Codec;
  const { JPEGDecoder } = await codec({ wasmBinary: readFileSync(require.resolve(`${name}/decodewasm`)) });
  return new JPEGDecoder();
}

/**
 * Pixels of a file of 8-bit grey or YCbCr that is upright and in sRGB; null for any other file, a broken one too.
 *
 * @param room - where the pixels go
 */
export async function decodeJpeg(file: Buffer, room: Room): Promise<Picture | null> {
  if (!(await isPlain(file))) return null;
  decoder ??= openDecoder();
  const jpeg = await decoder;
  try {
    jpeg.getEncodedBuffer(file.length).set(file);
    jpeg.decode();
  } catch {
    decoder = null; // what it held for this file it would keep
    return null;
  }
  const { width, height, componentCount } = jpeg.getFrameInfo();
  const pixels = jpeg.getDecodedBuffer();
  const data = room(pixels.length);
  data.set(pixels);
  return { width, height, channels: componentCount === 1 ? 1 : 3, data };
}

/** Marker codes: frames of Huffman-coded 8-bit samples, and the segments of EXIF and colour profiles. */
const frames = new Set([0xc0, 0xc1, 0xc2]);
const [exif, profile, scan] = [0xe1, 0xe2, 0xda];
const scanMark = Buffer.of(0xff, scan);

/** Each may go through all pixels: libvips, to which files with more are left, refuses them. */
const mostScans = 100;

function scansIn(file: Buffer): number {
  let scans = 0;
  for (let at = file.indexOf(scanMark); at !== -1; at = file.indexOf(scanMark, at + 2)) scans++;
  return scans;
}

async function isPlain(file: Buffer): Promise<boolean> {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  const segments = new Set<number>();
  if (file.length < 4 || view.getUint16(0) !== 0xffd8) return false;
  for (let at = 2; at + 10 <= file.length && file[at] === 0xff && file[at + 1] !== scan; ) {
    const marker = file[at + 1];
    segments.add(marker);
    if (frames.has(marker)) {
      const [bits, components] = [file[at + 4], file[at + 9]];
      if (bits !== 8 || (components !== 1 && components !== 3)) return false;
      if (view.getUint16(at + 5) * view.getUint16(at + 7) > mostPixels || scansIn(file) > mostScans) return false;
      if (!segments.has(exif) && !segments.has(profile)) return true;
      return isUprightSrgb(file);
    }
    at += 2 + view.getUint16(at + 2);
  }
  return false;
}
