/**
 * Small plain PNG files, decoded by LodePNG as WebAssembly: the bytes sharp gives, without the start of its pipeline, which takes
 * ten times as long. Of 64 px: 0.2 against 1.7 ms of the processor, of 256 px 3.1 against 4.3; from 320 px on sharp is as fast.
 */
import { decode } from "@cwasm/lodepng";
import type { Picture, Room } from "./picture.js";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const most = { bytes: 2 ** 19, pixels: 256 ** 2, bits: 8 } as const;

/** Colour types without and with alpha of one grey channel. */
const greys: ReadonlySet<number> = new Set([0, 4]);

/** What changes nothing: other chunks, as of colour profiles and EXIF, may. */
const plainChunks: ReadonlySet<string> = new Set(
  "IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB pHYs bKGD tIME sBIT hIST sPLT tEXt zTXt iTXt".split(" "),
);
const texts: ReadonlySet<string> = new Set(["tEXt", "zTXt", "iTXt"]);
/** How old programs begin the name of a text that is EXIF or a colour profile. */
const rawProfile = "Raw profile type";

/**
 * Pixels of a file of at most 8 bits and 256 × 256 pixels, upright and in sRGB, transparency over white; null for any other
 * file, a broken one too.
 *
 * @param room - where the pixels go
 */
export function decodePng(file: Buffer, room: Room): Picture | null {
  if (!isPlain(file)) return null;
  try {
    const { width, height, data: rgba } = decode(file);
    const channels = greys.has(file[25]) ? 1 : 3;
    const data = room(width * height * channels);
    let at = 0;
    for (let i = 0; i < rgba.length; i += 4) {
      const alpha = rgba[i + 3];
      for (let c = 0; c < channels; c++)
        data[at++] = alpha === 255 ? rgba[i + c] : Math.trunc((rgba[i + c] * alpha + 255 * (255 - alpha)) / 255);
    }
    return { width, height, channels, data };
  } catch {
    return null;
  }
}

/** Whether all is there, small, and nothing but pixels. */
function isPlain(file: Buffer): boolean {
  if (file.length < 33 || file.length > most.bytes || signature.some((byte, i) => file[i] !== byte)) return false;
  if (file.toString("latin1", 12, 16) !== "IHDR" || file[24] > most.bits) return false;
  if (file.readUInt32BE(16) * file.readUInt32BE(20) > most.pixels) return false;
  for (let at = 8; at + 12 <= file.length; ) {
    const kind = file.toString("latin1", at + 4, at + 8);
    if (kind === "IEND") return true;
    if (!plainChunks.has(kind)) return false;
    if (texts.has(kind) && file.toString("latin1", at + 8, at + 8 + rawProfile.length) === rawProfile) return false;
    at += 12 + file.readUInt32BE(at);
  }
  return false;
}
