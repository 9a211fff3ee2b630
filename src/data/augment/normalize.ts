/** 8-bit pixels to the float32 that encoders take: (value / 255 - mean) / std, `[channels, height, width]`. */
import { UsageError } from "../../errors.js";

/** Means and deviations by channel; what an image has fewer channels of is repeated. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const tables = new WeakMap<Normalization, readonly Float32Array[]>();

/**
 * Writes an image, mirrored if asked, to `out` from `offset`. A grey image fills each channel of the normalization.
 *
 * @param data - `[height, width, channels]`, channels 1 or as many as the normalization has
 */
export function normalize(
  data: Uint8Array,
  height: number,
  width: number,
  channels: number,
  mirrored: boolean,
  normalization: Normalization,
  out: Float32Array,
  offset: number,
): void {
  const levels = tables.get(normalization) ?? levelsOf(normalization);
  if (channels !== 1 && channels !== levels.length) {
    throw new UsageError(`the image has ${channels} channels, mean and std ${levels.length}: they must agree`);
  }
  for (let c = 0; c < levels.length; c++) {
    const level = levels[c];
    const plane = offset + c * height * width;
    for (let y = 0; y < height; y++) {
      let to = plane + y * width;
      const row = y * width * channels + (channels === 1 ? 0 : c);
      const end = row + width * channels;
      if (mirrored) for (let at = end - channels; at >= row; at -= channels) out[to++] = level[data[at]];
      else for (let at = row; at < end; at += channels) out[to++] = level[data[at]];
    }
  }
}

/** The 256 normalized values of each channel, in float32 arithmetic throughout. */
function levelsOf(normalization: Normalization): readonly Float32Array[] {
  const { mean, std } = normalization;
  if (mean.length !== std.length || mean.length === 0) {
    throw new UsageError(`mean has ${mean.length} numbers and std ${std.length}: one of each a channel is needed`);
  }
  const made = mean.map((m, c) =>
    Float32Array.from(
      { length: 256 },
      (_, v) => Math.fround(Math.fround(v / 255) - Math.fround(m)) / Math.fround(std[c]),
    ),
  );
  tables.set(normalization, made);
  return made;
}
