/** The encoder of a recipe, and its inference graph with trained weights inside. */
import type { DenseArray } from "../array.js";
import { CheckpointError } from "../errors.js";
import { buildModel, constant, describeModel, type Graph, input, inputsOf, type Value } from "../graph/index.js";
import type { ResNet, TensorSpec } from "../nn/index.js";
import {
  backbones,
  evaluationNorm,
  initialValue,
  mlpHead,
  type Normalize,
  Parameters,
  resnetFeatures,
  Scope,
  widened,
} from "../nn/index.js";
import { encodeModel } from "../onnx/index.js";
import { imageView, type ViewSettings } from "./imageView.js";
import { imageInput, type PixelStatistics } from "./pixels.js";

/** What an encoder is made of. */
export interface EncoderSettings {
  readonly net: ResNet;
  readonly channels: number;
  readonly dimension: number;
}

/** The settings of a recipe's encoder. */
export const encoderSettings = (e: {
  readonly backbone: keyof typeof backbones;
  readonly width: number;
  readonly channels: number;
  readonly dimension: number;
}): EncoderSettings => ({
  net: widened(backbones[e.backbone], e.width),
  channels: e.channels,
  dimension: e.dimension,
});

/**
 * Features and embedding of images.
 *
 * @param x - [B, channels, H, W], normalised pixels
 * @returns features [B, width] of the backbone, and embeddings [B, D] of unit rows
 */
export function encode(
  settings: EncoderSettings,
  parameters: Parameters,
  normalize: Normalize,
  x: Value,
): { features: Value; embedding: Value } {
  const root = new Scope(parameters, normalize);
  const features = resnetFeatures(root, x, settings.net);
  return { features, embedding: mlpHead(root, features, settings.dimension) };
}

/** The tensors of an encoder, in order: trainable ones and running statistics. */
export function encoderSpecs(settings: EncoderSettings): readonly TensorSpec[] {
  const parameters = new Parameters("");
  encode(settings, parameters, evaluationNorm, input("pixels", ["batch", settings.channels, 64, 64]));
  return [...parameters.specs.values()];
}

/** The encoder's tensors as they start under a seed. */
export function initialEncoder(settings: EncoderSettings, seed: number): Record<string, DenseArray<Float32Array>> {
  return Object.fromEntries(encoderSpecs(settings).map((spec) => [spec.name, initialValue(spec, seed)]));
}

/**
 * The inference graph: `pixels` [batch, channels, size, size] → `features` [batch, width], `embedding` [batch, D].
 *
 * @param weights - every tensor of the encoder by torchvision name
 * @param statistics - for pixels of 8 bits, which the graph normalises; null: they are float32 and normalised already
 * @throws CheckpointError if one is missing or has another shape
 */
export const encoderModel = (
  settings: EncoderSettings,
  size: number,
  weights: Readonly<Record<string, DenseArray>>,
  statistics: PixelStatistics | null,
): Uint8Array => buildModel(encoderGraph(settings, size, weights, statistics));

/**
 * The same from images as they are: `images` [batch, height, width, 3], uint8, red, green, blue, of any size.
 *
 * @param view - how images become `pixels`
 */
export function imageEncoderModel(
  settings: EncoderSettings,
  view: ViewSettings,
  weights: Readonly<Record<string, DenseArray>>,
): Uint8Array {
  const { nodes, constants, ...rest } = describeModel(encoderGraph(settings, view.size, weights, null));
  const [pixels] = rest.inputs;
  const before = imageView("images", pixels.name, view);
  return encodeModel({
    ...rest,
    inputs: [{ name: "images", dtype: "uint8", shape: ["batch", "height", "width", 3] }],
    constants: [...before.constants, ...constants],
    nodes: [...before.nodes, ...nodes],
  });
}

function encoderGraph(
  settings: EncoderSettings,
  size: number,
  weights: Readonly<Record<string, DenseArray>>,
  statistics: PixelStatistics | null,
): Graph {
  const parameters = new Parameters("", (spec) => {
    const given = weights[spec.name];
    if (!given) throw new CheckpointError(`the encoder needs ${spec.name} [${spec.shape}], which is missing`);
    if (given.shape.join() !== spec.shape.join())
      throw new CheckpointError(`${spec.name} is [${given.shape}], the encoder needs [${spec.shape}]`);
    return constant(given.data as Float32Array, spec.shape, "float32", spec.name);
  });
  const pixels = imageInput("pixels", ["batch", settings.channels, size, size], statistics);
  const outputs = { ...encode(settings, parameters, evaluationNorm, pixels) };
  return { name: "encoder", inputs: inputsOf(Object.values(outputs)), outputs };
}
