/** Pixels as encoders take them: one plane a channel, `[channels, height, width]`, still 8 bits. */
import { UsageError } from "../../errors.js";
import { growing, kernels, memory } from "./kernels.js";

const planes = growing();

/**
 * Writes an image's planes, mirrored if asked, to `out` from `offset`. A grey image fills each of them.
 *
 * @param data - `[height, width, own]`, own 1 or as many as `channels`
 */
export function writePlanes(
  data: number,
  height: number,
  width: number,
  own: number,
  mirrored: boolean,
  channels: number,
  out: Uint8Array,
  offset: number,
): void {
  if (own !== 1 && own !== channels)
    throw new UsageError("wrong-value", `the image has ${own} channels, the view ${channels}: they must agree`);
  const size = height * width;
  const target = planes(channels * size);
  for (let c = 0; c < channels; c++)
    kernels.plane(data + (own === 1 ? 0 : c), height, width, own, mirrored, target + c * size);
  out.set(memory().subarray(target, target + channels * size), offset);
}
