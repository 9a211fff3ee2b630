/** Pictures of every kind, by sharp, which a thread loads when it first needs it: that takes 0.3 s of the processor. */
import type { Sharp, SharpOptions } from "sharp";
import { decodeBands, holdsBands } from "./bands.js";
import { mostChannels, mostPixels, type Picture, requireSize } from "./picture.js";

/**
 * libvips' names of what reads other formats than those that are known, such as SVG, which may ask for anything: each is refused, whatever a
 * file is called. One by one, for all threads share libvips: if a thread refused all and then let the known ones in, others would fail
 * meanwhile.
 */
const refused =
  "Analyze Csv Dcraw Fits Jp2k Magick Magick7 Mat Matrix Nifti Openexr Openslide Pdf Ppm Rad Raw Svg Uhdr Vips".split(
    " ",
  );

type Open = (file: Buffer, options?: SharpOptions) => Sharp;

let loaded: Promise<Open> | null = null;

function open(): Promise<Open> {
  loaded ??= import("sharp").then(({ default: sharp }) => {
    // Loading is parallel over images already; one thread and no cache keep memory bounded.
    sharp.concurrency(1);
    sharp.cache(false);
    sharp.block({ operation: refused.map((format) => `VipsForeignLoad${format}`) });
    return sharp;
  });
  return loaded;
}

/** Pixels of an image file of at most `mostPixels`: the first frame, upright by EXIF, in sRGB or grey of 8 bits, transparency over white; of a TIFF whose samples are no colours, those. */
export async function decodeAny(file: Buffer): Promise<Picture> {
  const sharp = await open();
  const opened = sharp(file, {
    failOn: "truncated",
    pages: 1,
    limitInputPixels: mostPixels,
    limitInputChannels: mostChannels,
  });
  const { width, height, channels, space } = await opened.metadata();
  requireSize(width, height);
  if (holdsBands(file, { channels, space })) return decodeBands(opened);
  const image = opened.rotate().flatten({ background: "#ffffff" });
  const grey = channels === 1 || channels === 2;
  const { data, info } = await image
    .toColourspace(grey ? "b-w" : "srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 && info.channels !== 3) throw new Error(`it decodes to ${info.channels} channels`);
  return { width: info.width, height: info.height, channels: info.channels, data };
}

/** Whether a file that says how it is turned and coloured is upright and in sRGB after all. */
export async function isUprightSrgb(file: Buffer): Promise<boolean> {
  const { orientation = 1, hasProfile } = await (await open())(file).metadata();
  return orientation === 1 && !hasProfile;
}
