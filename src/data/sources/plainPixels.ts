/** Pictures that hold their pixels almost as they are, which sharp does not read: Windows bitmaps, and PPM and PGM (Netpbm). */
import { type Picture, requireSize } from "./picture.js";

const isIn = (bytes: Uint8Array, end: number): void => {
  if (end > bytes.length) throw new Error(`the file ends after ${bytes.length} of ${end} bytes`);
};

/** PPM and PGM, as text (P2, P3) or bytes (P5, P6); 16 bits are rounded to 8. */
export function decodeNetpbm(bytes: Buffer): Picture {
  let at = 0;
  const word = (): string => {
    for (;;) {
      while (/\s/.test(String.fromCharCode(bytes[at]))) at++;
      if (bytes[at] !== 0x23) break;
      while (at < bytes.length && bytes[at] !== 0x0a) at++; // a comment
    }
    const from = at;
    while (at < bytes.length && !/\s/.test(String.fromCharCode(bytes[at]))) at++;
    if (from === at) throw new Error("the file ends early");
    return bytes.toString("latin1", from, at);
  };
  const kind = word();
  if (!/^P[2356]$/.test(kind)) throw new Error(`it begins with ${JSON.stringify(kind)}, not with P2, P3, P5 or P6`);
  const whole = (): number => {
    const digits = word();
    if (!/^\d{1,9}$/.test(digits)) throw new Error(`it has ${digits} where a whole number belongs`);
    return Number(digits);
  };
  const [width, height, most] = [whole(), whole(), whole()];
  requireSize(width, height);
  if (!(most > 0 && most < 65536)) throw new Error(`its largest value is ${most}`);
  const channels = kind === "P3" || kind === "P6" ? 3 : 1;
  const length = width * height * channels;
  const isText = kind === "P2" || kind === "P3";
  if (isText) isIn(bytes, at + 2 * length); // a digit and what parts it from the one before
  const data = new Uint8Array(length);
  const level = (value: number): number => Math.round((255 * Math.min(value, most)) / most);
  if (isText) {
    for (let i = 0; i < length; i++) data[i] = level(whole());
    return { width, height, channels, data };
  }
  at++; // one white space after the largest value
  const wide = most > 255;
  isIn(bytes, at + length * (wide ? 2 : 1));
  for (let i = 0; i < length; i++) data[i] = level(wide ? bytes.readUInt16BE(at + 2 * i) : bytes[at + i]);
  return { width, height, channels, data };
}

/** Windows and OS/2 bitmaps of 1, 4, 8 (palettes), 16, 24 and 32 bits without compression. Transparency goes over white. */
export function decodeBitmap(bytes: Buffer): Picture {
  if (bytes.toString("latin1", 0, 2) !== "BM") throw new Error("it does not begin with BM");
  isIn(bytes, 26);
  const header = bytes.readUInt32LE(14);
  const isOld = header === 12;
  isIn(bytes, 14 + header);
  const width = isOld ? bytes.readUInt16LE(18) : bytes.readInt32LE(18);
  const rows = isOld ? bytes.readUInt16LE(20) : bytes.readInt32LE(22);
  const height = Math.abs(rows);
  requireSize(width, height);
  const bits = bytes.readUInt16LE(isOld ? 24 : 28);
  const compression = isOld ? 0 : bytes.readUInt32LE(30);
  if (![1, 4, 8, 16, 24, 32].includes(bits) || ![0, 3, 6].includes(compression))
    throw new Error(`bitmaps of ${bits} bits and compression ${compression} are not read: save it as PNG`);
  const from = bytes.readUInt32LE(10);
  const stride = Math.ceil((width * bits) / 32) * 4;
  isIn(bytes, from + stride * height);
  const colourOf = bits <= 8 ? paletteOf(bytes, header, bits, isOld) : direct(bytes, header, bits, compression);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const row = from + stride * (rows > 0 ? height - 1 - y : y);
    for (let x = 0; x < width; x++) data.set(colourOf(row, x), 3 * (y * width + x));
  }
  return { width, height, channels: 3, data };
}

type ColourOf = (row: number, x: number) => readonly number[];

function paletteOf(bytes: Buffer, header: number, bits: number, isOld: boolean): ColourOf {
  const [start, size] = [14 + header, isOld ? 3 : 4];
  const perByte = 8 / bits;
  return (row, x) => {
    const shift = bits * (perByte - 1 - (x % perByte));
    const index = (bytes[row + Math.floor(x / perByte)] >> shift) & (2 ** bits - 1);
    const at = start + size * index;
    isIn(bytes, at + 3);
    return [bytes[at + 2], bytes[at + 1], bytes[at]];
  };
}

/** Masks of red, green, blue and alpha by bits of a pixel. */
const masks: Readonly<Record<number, readonly number[]>> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  24: [0xff0000, 0xff00, 0xff, 0],
  32: [0xff0000, 0xff00, 0xff, 0],
};

function direct(bytes: Buffer, header: number, bits: number, compression: number): ColourOf {
  const given = compression !== 0 && bits !== 24;
  if (given) isIn(bytes, 54 + (header >= 56 || compression === 6 ? 16 : 12));
  const alphaGiven = given && (header >= 56 || compression === 6);
  const of = given ? [0, 1, 2, 3].map((i) => (i < 3 || alphaGiven ? bytes.readUInt32LE(54 + 4 * i) : 0)) : masks[bits];
  const channel = (pixel: number, mask: number): number => {
    if (mask === 0) return 255;
    const shift = 31 - Math.clz32(mask & -mask);
    return Math.round((255 * ((pixel & mask) >>> shift)) / (mask >>> shift));
  };
  const width = bits / 8;
  return (row, x) => {
    const pixel = bytes.readUIntLE(row + width * x, width);
    const [red, green, blue, alpha] = of.map((mask) => channel(pixel, mask >>> 0));
    if (alpha === 255) return [red, green, blue];
    return [red, green, blue].map((value) => Math.round((value * alpha + 255 * (255 - alpha)) / 255));
  };
}
