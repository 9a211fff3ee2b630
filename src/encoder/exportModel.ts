/** An encoder as files that others load, and how to feed it. */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DenseArray } from "../array.js";
import { DataError, said } from "../errors.js";
import { encoderModel, encoderSettings, imageEncoderModel, type StoredForm, storedForms } from "../programs/index.js";
import { pixelStatistics } from "../recipe/index.js";
import { makeFolder, writeAtomically } from "../tensorfile/index.js";
import { encodeTensors } from "../tensors/index.js";
import { evaluationPolicy } from "../train/index.js";
import { encodeTorch } from "../weights/index.js";
import type { Encoder, Weights } from "./embeddings/index.js";
import { type CardFacts, cardMark, modelCard } from "./modelCard.js";
import { preprocessingOf } from "./preprocessing.js";
import { transformersFiles } from "./transformersFolder.js";

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
const cardFile = "README.md";

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
    what: "the backbone, by torchvision's names, of a transformer timm's",
  },
  {
    name: `head.${extension}`,
    content: content(part(weights, isHead)),
    what:
      "fc.1.weight" in weights
        ? "the contrastive head: Linear (fc.0), BatchNorm (fc.1), ReLU, Linear (fc.3), BatchNorm (fc.4), unit length"
        : "the contrastive head: Linear (fc.0), ReLU, Linear (fc.2), unit length",
  },
];

/** Formats by name: models and weights; weights alone, for PyTorch; or a folder for transformers.js. */
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
        what: "the weights, by torchvision's names, of a transformer timm's",
      },
    ];
  },
  safetensors: ({ weights }) => apart(weights, "safetensors", (tensors) => encodeTensors(tensors, { format: "pt" })),
  torch: ({ weights }) => apart(weights, "pth", encodeTorch),
  transformers: (encoder) =>
    transformersFiles(encoderSettings(encoder.recipe.encoder), viewOf(encoder), encoder.weights),
} as const satisfies Record<string, (encoder: Exported) => readonly ExportedFile[]>;

/** Names of the formats that an encoder is written in. */
export type ExportFormat = keyof typeof exportFormats;

/** In which weights are stored, beside float32. */
export const formsOf = (format: ExportFormat): readonly StoredForm[] =>
  format === "transformers" ? (Object.keys(storedForms) as StoredForm[]) : [];

/**
 * Writes an encoder into a folder, with `preprocessing.json` and a model card, `README.md`.
 *
 * @param encoder - the query encoder of a run, or weights from elsewhere
 * @param facts - what the card says of it
 * @returns what `preprocessing.json` says, and the files with what each is
 * @throws DataError if it cannot be written, or a README.md that is no such card is there
 */
export async function exportModel(
  encoder: Exported,
  folder: string,
  format: ExportFormat = "onnx",
  facts: CardFacts = { origin: null, accuracy: null },
) {
  await keepOthersReadme(join(folder, cardFile));
  const written: readonly ExportedFile[] = exportFormats[format](encoder);
  const { images, ...prepared } = preprocessingOf(encoderSettings(encoder.recipe.encoder), viewOf(encoder), models);
  // Weights alone take prepared pixels.
  const preprocessing = written.some(({ name }) => name === models.images)
    ? { ...prepared, images }
    : { ...prepared, pixels: { ...prepared.pixels, model: written[0].name } };
  const files = [
    ...written.map(({ name, what }) => ({ name, what })),
    { name: preprocessingFile, what: "how images are decoded, and what is done to them" },
    { name: cardFile, what: "the model card" },
  ];
  const utf8 = new TextEncoder();
  for (const { name, content } of [
    ...written,
    { name: preprocessingFile, content: utf8.encode(`${JSON.stringify(preprocessing, null, 2)}\n`) },
    { name: cardFile, content: utf8.encode(modelCard(facts, encoder.recipe, files)) },
  ]) {
    await makeFolder(dirname(join(folder, name)));
    await writeAtomically(join(folder, name), content);
  }
  return { preprocessing, files };
}

/** A README that is someone's own is not written over. */
async function keepOthersReadme(path: string): Promise<void> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text !== null && !text.startsWith(cardMark))
    throw new DataError(
      "not-written",
      said`${{ file: path }} is there and is no model card of an export: give another folder`,
      {
        settings: ["out"],
      },
    );
}
