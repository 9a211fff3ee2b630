/** The encoder of a recipe, and its inference graph with trained weights inside. */
import type { DenseArray } from "../array.js";
import { CheckpointError, said } from "../errors.js";
import {
  buildModel,
  constant,
  describeModel,
  expandComposites,
  type Graph,
  input,
  inputsOf,
  type Shape,
  type Value,
} from "../graph/index.js";
import {
  type Backbone,
  type BackboneName,
  type BackboneSettings,
  backbones,
  evaluation,
  type HeadName,
  heads,
  initialValue,
  type Mode,
  Parameters,
  Scope,
  type TensorSpec,
} from "../nn/index.js";
import { elementTypes, encodeModel, type ModelContent, type NodeContent } from "../onnx/index.js";
import { imageView, type ViewSettings } from "./imageView.js";
import { imageInput, type PixelStatistics } from "./pixels.js";

/** What an encoder is made of. */
export interface EncoderSettings {
  /** A row of `backbones`, or the caller's own. */
  readonly backbone: Backbone;
  readonly channels: number;
  /** Side of the query and key views, and of the images that it embeds. */
  readonly imageSize: number;
  /** D, the length of embeddings. */
  readonly dimension: number;
  /** Default `mlp`. */
  readonly head?: HeadName | undefined;
}

/** The settings of a recipe's encoder. */
export const encoderSettings = ({
  backbone,
  width,
  channels,
  imageSize,
  dimension,
  head,
}: { readonly backbone: BackboneName } & BackboneSettings & Omit<EncoderSettings, "backbone">): EncoderSettings => ({
  backbone: backbones[backbone]({ width, imageSize }),
  channels,
  imageSize,
  dimension,
  head,
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
  mode: Mode,
  x: Value,
): { features: Value; embedding: Value } {
  const root = new Scope(parameters, mode);
  const features = settings.backbone.features(root, x);
  return { features, embedding: heads[settings.head ?? "mlp"](root, features, settings.dimension) };
}

/** The tensors of an encoder, in order: trainable ones and running statistics. */
export function encoderSpecs(settings: EncoderSettings): readonly TensorSpec[] {
  const parameters = new Parameters("");
  encode(settings, parameters, evaluation, input("pixels", pixelsShape(settings)));
  return [...parameters.specs.values()];
}

const pixelsShape = ({ channels, imageSize }: EncoderSettings): Shape => ["batch", channels, imageSize, imageSize];

/** The encoder's tensors as they start under a seed. */
export function initialEncoder(settings: EncoderSettings, seed: number): Record<string, DenseArray<Float32Array>> {
  return Object.fromEntries(encoderSpecs(settings).map((spec) => [spec.name, initialValue(spec, seed)]));
}

/**
 * The inference graph: `pixels` [batch, channels, imageSize, imageSize] → `features` [batch, width], `embedding` [batch, D].
 *
 * @param weights - every tensor of the encoder by torchvision name
 * @param statistics - for pixels of 8 bits, which the graph normalises; null: they are float32 and normalised already
 * @throws CheckpointError if one is missing or has another shape
 */
export const encoderModel = (
  settings: EncoderSettings,
  weights: Readonly<Record<string, DenseArray>>,
  statistics: PixelStatistics | null,
): Uint8Array => buildModel(encoderGraph(settings, weights, statistics));

/**
 * The same from images as they are: `images` [batch, height, width, 3], uint8, red, green, blue or the encoder's own channels, of any size.
 *
 * @param view - how images become `pixels`
 */
export const imageEncoderModel = (
  settings: EncoderSettings,
  view: Omit<ViewSettings, "size">,
  weights: Readonly<Record<string, DenseArray>>,
): Uint8Array => encodeModel(ofImages(describeModel(encoderGraph(settings, weights, null)), settings, view));

/** Channels of the images that a model takes: a grey encoder's takes colours, whose luma it makes. */
export const channelsTaken = (channels: number): number => (channels === 1 ? 3 : channels);

/** A model of `pixels` as one of `images`. */
function ofImages(
  { inputs: [pixels], nodes, constants, ...rest }: ModelContent,
  { imageSize, channels }: EncoderSettings,
  view: Omit<ViewSettings, "size">,
): ModelContent {
  const before = imageView("images", pixels.name, { ...view, size: imageSize });
  return {
    ...rest,
    inputs: [{ name: "images", dtype: "uint8", shape: ["batch", "height", "width", channelsTaken(channels)] }],
    constants: [...before.constants, ...constants],
    nodes: [...before.nodes, ...nodes],
  };
}

/**
 * The backbone as transformers.js takes a model: `pixel_values` [batch, 3, height, width], float32, levels of 0 to 255 of images of any
 * size → the features [batch, width], as `pooler_output` and `image_embeds`, which its pipeline gives with a pool and without.
 *
 * @param view - how images become pixels, which the model does inside
 */
export function transformersContent(
  settings: EncoderSettings,
  view: Omit<ViewSettings, "size">,
  weights: Readonly<Record<string, DenseArray>>,
): ModelContent {
  const { features } = encoderGraph(settings, weights, null).outputs;
  const outputs = { pooler_output: features, image_embeds: features };
  const graph = { name: "encoder", inputs: inputsOf([features]), outputs };
  const { nodes, ...rest } = ofImages(describeModel(graph), settings, view);
  const rows = "pixel_values/rows";
  const node = (op: string, from: string, to: string, attributes: NodeContent["attributes"]) => ({
    name: to,
    op,
    domain: "",
    inputs: [from],
    outputs: [to],
    attributes,
  });
  return {
    ...rest,
    inputs: [{ name: "pixel_values", dtype: "float32", shape: ["batch", 3, "height", "width"] }],
    nodes: [
      node("Transpose", "pixel_values", rows, { perm: [0, 2, 3, 1] }),
      node("Cast", rows, rest.inputs[0].name, { to: elementTypes.uint8.code }),
      ...nodes,
    ],
  };
}

function encoderGraph(
  settings: EncoderSettings,
  weights: Readonly<Record<string, DenseArray>>,
  statistics: PixelStatistics | null,
): Graph {
  const parameters = new Parameters("", (spec) => {
    const given = weights[spec.name];
    if (!given)
      throw new CheckpointError(
        "missing",
        said`the encoder needs ${{ tensor: spec.name }} ${{ neededShape: spec.shape }}, which is missing`,
      );
    if (given.shape.join() !== spec.shape.join())
      throw new CheckpointError(
        "wrong-weights",
        said`${{ tensor: spec.name }} is ${{ shape: given.shape }}, the encoder needs ${{ neededShape: spec.shape }}`,
      );
    return constant(given.data as Float32Array, spec.shape, "float32", spec.name);
  });
  const pixels = imageInput("pixels", pixelsShape(settings), statistics);
  const made = encode(settings, parameters, evaluation, pixels);
  const [features, embedding] = expandComposites([made.features, made.embedding]);
  return { name: "encoder", inputs: inputsOf([features, embedding]), outputs: { features, embedding } };
}
