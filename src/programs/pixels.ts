/** Images as graphs take them: 8-bit pixels, a quarter of the bytes; the graph makes them the floats that an encoder takes. */
import {
  buildModel,
  cast,
  constant,
  div,
  input,
  inputsOf,
  type Shape,
  scope,
  sub,
  type Value,
} from "../graph/index.js";

/** What pixels (0 to 1) are normalised by: a mean and a deviation for each channel. */
export interface PixelStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The input `name`, normalised.
 *
 * @param shape - [B, channels, H, W]
 * @param statistics - null: the input is float32 and normalised already; else it is uint8
 */
export function imageInput(name: string, shape: Shape, statistics: PixelStatistics | null): Value {
  return statistics ? scope("pixels", () => normalized(input(name, shape, "uint8"), statistics)) : input(name, shape);
}

/** (x / 255 − mean) / std in float32, as torchvision computes it, bit for bit where division is exactly rounded. */
function normalized(pixels: Value, { mean, std }: PixelStatistics): Value {
  const ofChannels = (values: readonly number[]) => constant(values, [values.length, 1, 1]);
  return div(sub(div(cast(pixels, "float32"), 255), ofChannels(mean)), ofChannels(std));
}

/** The model of nothing but that: `pixels` uint8 [batch, channels, height, width] → `normalized`. */
export function pixelsModel(statistics: PixelStatistics): Uint8Array {
  const shape = ["batch", statistics.mean.length, "height", "width"];
  const outputs = { normalized: imageInput("pixels", shape, statistics) };
  return buildModel({ name: "pixels", inputs: inputsOf(Object.values(outputs)), outputs });
}
