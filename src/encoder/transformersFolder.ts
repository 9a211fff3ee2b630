/**
 * A folder that transformers.js loads (`pipeline("image-feature-extraction", FOLDER)`): `config.json`, `preprocessor_config.json`, the
 * model in float32 and in smaller forms. Resize, crop and normalisation are inside the models, in Pillow's numbers: the library's own
 * are others, and features would differ. So its processor hands on pixels as they are.
 */
import { UsageError } from "../errors.js";
import { encodeModel } from "../onnx/index.js";
import {
  channelsTaken,
  type EncoderSettings,
  transformersContent,
  type ViewSettings,
  withStored,
} from "../programs/index.js";
import type { Weights } from "./embeddings/index.js";

/** Files of the models by the library's dtypes. */
export const transformersModels = {
  fp32: "onnx/model.onnx",
  fp16: "onnx/model_fp16.onnx",
  q8: "onnx/model_quantized.onnx",
} as const;

export type TransformersForm = keyof typeof transformersModels;

const json = (value: unknown): Uint8Array => new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);

/** What the library, and Hugging Face's, ask of a network. */
function configOf({ backbone, imageSize }: EncoderSettings, weights: Weights) {
  const common = { num_channels: 3, "transformers.js_config": { dtype: "fp32" } };
  const { heads, featureWidth: width, sideMultiple } = backbone;
  if (heads === undefined) return { model_type: "resnet", architectures: ["ResNetModel"], ...common };
  const blocks = Object.keys(weights).filter((name) => /^blocks\.\d+\.norm1\.weight$/.test(name));
  return {
    model_type: "vit",
    architectures: ["ViTModel"],
    ...common,
    hidden_size: width,
    num_hidden_layers: blocks.length,
    num_attention_heads: heads,
    intermediate_size: 4 * width,
    image_size: imageSize,
    patch_size: sideMultiple,
    hidden_act: "gelu",
    layer_norm_eps: 1e-6,
  };
}

/** Pixels as they are: all else is inside the models. */
const processor = {
  image_processor_type: "ViTImageProcessor",
  do_resize: false,
  do_center_crop: false,
  do_rescale: false,
  do_normalize: false,
};

/** The folder's files with what each is. */
export function transformersFiles(settings: EncoderSettings, view: Omit<ViewSettings, "size">, weights: Weights) {
  if (channelsTaken(settings.channels) !== 3)
    throw new UsageError(
      "unsupported",
      `transformers.js takes images in colour, this encoder takes ${settings.channels} channels: export it as onnx`,
    );
  const model = transformersContent(settings, view, weights);
  const names = new Set(Object.keys(weights));
  return [
    {
      name: transformersModels.fp32,
      content: encodeModel(model),
      what: "the backbone for transformers.js: pixels of images of any size → features",
    },
    {
      name: transformersModels.fp16,
      content: encodeModel(withStored(model, names, "fp16")),
      what: "the same with weights in float16 (dtype fp16)",
    },
    {
      name: transformersModels.q8,
      content: encodeModel(withStored(model, names, "q8")),
      what: "the same with weights in 8 bits (dtype q8)",
    },
    { name: "config.json", content: json(configOf(settings, weights)), what: "what kind of network it is" },
    {
      name: "preprocessor_config.json",
      content: json(processor),
      what: "pixels as they are: the models resize, cut and normalise",
    },
  ] as const;
}
