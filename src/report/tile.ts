/** A picture as a small square. */
import { type Picture, shownChannels } from "../data/index.js";

/** Sides up to which pictures are enlarged pixel by pixel, to stay crisp. */
export const tinySide = 32;

/** The middle square of a picture, `side` pixels wide, as RGB [side, side, 3]; grey ones have three channels alike. */
export async function tileOf({ width, height, channels, data }: Picture, side: number): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const short = Math.min(width, height);
  const square = { left: (width - short) >> 1, top: (height - short) >> 1, width: short, height: short };
  const kernel = short <= tinySide && side >= short ? "nearest" : "lanczos3";
  const shown = shownChannels({ width, height, channels, data });
  const { data: pixels, info } = await sharp(shown.data, { raw: { width, height, channels: shown.channels } })
    .extract(square)
    .resize(side, side, { kernel })
    .raw()
    .toBuffer({ resolveWithObject: true });
  if (info.channels === 3) return pixels;
  const rgb = new Uint8Array(side * side * 3);
  for (let p = 0; p < rgb.length; p++) rgb[p] = pixels[Math.floor(p / 3) * info.channels];
  return rgb;
}

/** The sides of tiles to try for pictures `short` pixels wide, largest first: of tiny ones first the whole multiples. */
export function tileSides(short: number): readonly number[] {
  const usual = [64, 48, 32];
  if (short > tinySide) return usual;
  const multiples = [4, 3, 2, 1].map((m) => m * short).filter((s) => s >= 32 && s <= 64);
  return multiples.length > 0 ? multiples : [64, 32];
}
