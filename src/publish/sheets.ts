/** Pictures cut and sheets encoded by sharp. */
import { type Picture, shownChannels } from "../data/index.js";
import { type SheetMaker, tinySide } from "../report/index.js";

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

/** Sheets as `data:` URLs. */
export const sheetsBySharp: SheetMaker = {
  tile: tileOf,
  async sheet(pixels, width, height, quality) {
    const { default: sharp } = await import("sharp");
    const webp = await sharp(pixels, { raw: { width, height, channels: 3 } })
      .webp({ quality })
      .toBuffer();
    return `data:image/webp;base64,${webp.toString("base64")}`;
  },
};
