/** An encoder as files that others load, and how to feed it. */
import { join } from "node:path";
import type { DenseArray } from "../array.js";
import { encoderModel, encoderSettings, imageEncoderModel } from "../artifacts/index.js";
import { pixelStatistics } from "../recipe/index.js";
import { encodeTensors, makeFolder, writeAtomically } from "../tensorfile/index.js";
import { evaluationPolicy } from "../train/index.js";
import { encodeTorch } from "../weights/index.js";
import type { Encoder, Weights } from "./encoder.js";
import { preprocessingOf } from "./preprocessing.js";

type Exported = Pick<Encoder, "recipe" | "weights">;

/** A file of an export: its name, content, and what it is. */
interface ExportedFile {
  readonly name: string;
  readonly content: Uint8Array | readonly Uint8Array[];
  readonly what: string;
}

/** Models that take images and prepared pixels. */
const models = { images: "encoder.onnx", pixels: "encoder-pixels.onnx" } as const;
const preprocessingFile = "preprocessing.json";

const viewOf = ({ recipe }: Exported) => ({ ...evaluationPolicy(recipe), ...pixelStatistics(recipe) });

const isHead = (name: string): boolean => name.startsWith("fc.");
const part = (weights: Weights, wanted: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => wanted(name))) as Record<
    string,
    DenseArray<Float32Array>
  >;

/** Backbone and head apart, as others' models have a head of their own. */
const apart = (
  weights: Weights,
  extension: string,
  content: (tensors: Record<string, DenseArray<Float32Array>>) => ExportedFile["content"],
): readonly ExportedFile[] => [
  {
    name: `backbone.${extension}`,
    content: content(part(weights, (name) => !isHead(name))),
    what: "the backbone, by torchvision's names",
  },
  {
    name: `head.${extension}`,
    content: content(part(weights, isHead)),
    what: "the contrastive head: Linear (fc.0), ReLU, Linear (fc.2), unit length",
  },
];

/** Formats by name: models and weights; or weights alone, for PyTorch. */
export const exportFormats = {
  onnx: (encoder) => {
    const { recipe, weights } = encoder;
    const [settings, view] = [encoderSettings(recipe.encoder), viewOf(encoder)];
    return [
      {
        name: models.images,
        content: imageEncoderModel(settings, view, weights),
        what: "decoded images of any size → features, embedding",
      },
      {
        name: models.pixels,
        content: encoderModel(settings, weights, null),
        what: "the same from prepared pixels, to be trained on",
      },
      {
        name: "encoder.safetensors",
        content: encodeTensors(weights),
        what: "the weights, by torchvision's names",
      },
    ];
  },
  safetensors: ({ weights }) => apart(weights, "safetensors", (tensors) => encodeTensors(tensors, { format: "pt" })),
  torch: ({ weights }) => apart(weights, "pth", encodeTorch),
} as const satisfies Record<string, (encoder: Exported) => readonly ExportedFile[]>;

/** Names of the formats that an encoder is written in. */
export type ExportFormat = keyof typeof exportFormats;

/**
 * Writes an encoder into a folder, with `preprocessing.json`.
 *
 * @param encoder - the query encoder of a run, or weights from elsewhere
 * @returns what `preprocessing.json` says, and the files with what each is
 * @throws DataError if it cannot be written
 */
export async function exportModel(encoder: Exported, folder: string, format: ExportFormat = "onnx") {
  const written = exportFormats[format](encoder);
  const { images, ...prepared } = preprocessingOf(encoderSettings(encoder.recipe.encoder), viewOf(encoder), models);
  // Weights alone take prepared pixels.
  const preprocessing = written.some(({ name }) => name === models.images)
    ? { ...prepared, images }
    : { ...prepared, pixels: { ...prepared.pixels, model: written[0].name } };
  const text = new TextEncoder().encode(`${JSON.stringify(preprocessing, null, 2)}\n`);
  await makeFolder(folder);
  for (const { name, content } of written) await writeAtomically(join(folder, name), content);
  await writeAtomically(join(folder, preprocessingFile), text);
  const files = [
    ...written.map(({ name, what }) => ({ name, what })),
    { name: preprocessingFile, what: "how images are decoded, and what is done to them inside" },
  ];
  return { preprocessing, files };
}
