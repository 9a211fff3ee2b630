/** `preprocessing.json`: all that a deployer needs to get the numbers of `hcsc embed`. */
import { channelsTaken, type EncoderSettings, type ViewSettings } from "../programs/index.js";

/** @param models - the file that takes images, and the one that takes prepared pixels */
export function preprocessingOf(
  { backbone, dimension }: EncoderSettings,
  { size, channels, resize, interpolation, mean, std }: ViewSettings,
  models: { readonly images: string; readonly pixels: string },
) {
  const shortSide = resize || Math.round((size * 256) / 224);
  const taken = channelsTaken(channels) === 3 ? "RGB" : "the image's own channels, in order";
  const outputs = { features: ["batch", backbone.featureWidth], embedding: ["batch", dimension] };
  return {
    decoding: {
      orientation: "turned upright by EXIF",
      colour: "8-bit sRGB, other profiles converted; grey as R = G = B",
      alpha: "over white (255, 255, 255)",
      frame: "the first",
    },
    images: {
      model: models.images,
      input: {
        name: "images",
        dtype: "uint8",
        shape: ["batch", "height", "width", channelsTaken(channels)],
        layout: "NHWC",
        colour: taken,
      },
      outputs,
      note: "takes decoded images of any size, those of one batch of one size; resize, crop and normalisation are inside",
    },
    pixels: {
      model: models.pixels,
      input: {
        name: "pixels",
        dtype: "float32",
        shape: ["batch", channels, size, size],
        layout: "NCHW",
        colour: channels === 1 ? "luma" : taken,
      },
      outputs,
      steps: {
        luma: channels === 1 ? "(19595 R + 38470 G + 7471 B + 32768) >> 16, before the resize" : null,
        resize: {
          shortSide,
          longSide: "floor(shortSide * long / short)",
          interpolation,
          antialias: true,
          arithmetic: "Pillow's: along x, rounded to 8 bits, then along y",
          unchanged: resize === 0 ? `images of ${size} x ${size} are taken as they are` : null,
        },
        crop: {
          width: size,
          height: size,
          offset: "half of the pixels too many, a half rounded to the even number",
          padding: "0 where the image is smaller, floor(missing / 2) before it",
        },
        normalize: { formula: "(pixel / 255 - mean) / std", mean, std },
      },
    },
  } as const;
}
