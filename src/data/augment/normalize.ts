/** 8-bit pixels to the float32 that encoders take: (value / 255 - mean) / std, `[channels, height, width]`. */
import { UsageError } from "../../errors.js";
import { growing, kernels, memory, placed } from "./kernels.js";

/** Means and deviations by channel; what an image has fewer channels of is repeated. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

const tables = new WeakMap<Normalization, readonly Float32Array[]>();
const tableBuffer = growing();
const planes = growing();

/**
 * Writes an image, mirrored if asked, to `out` from `offset`. A grey image fills each channel of the normalization.
 *
 * @param data - `[height, width, channels]`, channels 1 or as many as the normalization has
 */
export function normalize(
  data: number,
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
  const length = levels.length * height * width;
  const target = planes(4 * length);
  for (const [c, table] of placed(tableBuffer, ...levels).entries()) {
    const channel = channels === 1 ? 0 : c;
    kernels.plane(data + channel, height, width, channels, mirrored, table, target + 4 * c * height * width);
  }
  out.set(new Float32Array(memory().buffer, target, length), offset);
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
