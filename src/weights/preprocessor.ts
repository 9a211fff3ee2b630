/** `preprocessor_config.json` of Hugging Face: how images are made ready for a model. */
import * as z from "zod";
import { CheckpointError, said } from "../errors.js";
import { folderFile } from "./folderFile.js";

const side = z.union([
  z.number(),
  z.looseObject({ height: z.number(), width: z.number() }).transform(({ height }) => height),
  z.looseObject({ shortest_edge: z.number() }).transform(({ shortest_edge }) => shortest_edge),
]);

const schema = z.looseObject({
  size: side.optional(),
  crop_size: side.optional(),
  crop_pct: z.number().positive().nullish(),
  do_center_crop: z.boolean().optional(),
  resample: z.number().optional(),
  image_mean: z.array(z.number()).optional(),
  image_std: z.array(z.number().positive()).optional(),
});

/** Pillow's numbers of its filters. */
const filters: Readonly<Record<number, "bilinear" | "bicubic">> = { 2: "bilinear", 3: "bicubic" };

export interface Preprocessor {
  readonly imageSize?: number;
  readonly evaluation: { readonly resize?: number; readonly interpolation?: "bilinear" | "bicubic" };
  readonly views: { readonly mean?: number[]; readonly std?: number[] };
}

/**
 * What a folder says of its images, in a recipe's words.
 *
 * @returns null where the path is a file, or the folder says nothing
 * @throws CheckpointError if what it says cannot be read
 */
export async function preprocessorOf(path: string): Promise<Preprocessor | null> {
  const read = await folderFile(path, "preprocessor_config.json", schema);
  if (!read) return null;
  const { file, found } = read;
  const { size, crop_size: crop, crop_pct: share, resample, image_mean: mean, image_std: std } = found;
  const isCropped = crop !== undefined && found.do_center_crop !== false;
  const imageSize = isCropped ? crop : size;
  // With a share `size` is the crop's, as of ConvNextImageProcessor.
  const resize = isCropped ? size : size && share ? Math.floor(size / share) : undefined;
  const interpolation = filters[resample ?? -1];
  if (resample !== undefined && !interpolation)
    throw new CheckpointError(
      "unknown-format",
      said`${{ file }}: ${{ field: "resample" }} ${resample} is not known (2 bilinear, 3 bicubic)`,
    );
  return {
    ...(imageSize ? { imageSize } : {}),
    evaluation: { ...(resize ? { resize } : {}), ...(interpolation ? { interpolation } : {}) },
    views: { ...(mean ? { mean } : {}), ...(std ? { std } : {}) },
  };
}
