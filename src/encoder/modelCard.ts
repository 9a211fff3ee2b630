/** A model card: what an exported encoder is, what it learned from, how good it is and how that was measured, and how to feed it. */
import { basename } from "node:path";
import type { StoredForm } from "../programs/index.js";
import { kindOfImages, type Recipe, recipeFields } from "../recipe/index.js";
import { markdownTable, percent } from "../text.js";
import type { Origin } from "./origin.js";

/** kNN accuracy in percent, by how the weights are stored. */
export interface StoredAccuracy {
  readonly k: number;
  readonly top1: Readonly<{ fp32: number } & Partial<Record<StoredForm, number>>>;
  readonly bankImages: number;
  readonly testImages: number;
}

export interface CardFacts {
  /** Null: not known. */
  readonly origin: Origin | null;
  /** With the command that measures it; null: not measured. */
  readonly accuracy: (StoredAccuracy & { readonly command: string }) | null;
}

/** Every card begins so, by which one is known again. */
export const cardMark = "---\nlibrary_name: hcsc\n";

const usage = `\`\`\`js
import { env, pipeline } from "@huggingface/transformers";
env.localModelPath = "."; // the folder that holds this one
env.allowRemoteModels = false;
const extract = await pipeline("image-feature-extraction", "FOLDER"); // { dtype: "q8" } or "fp16" for the smaller files
const features = await extract("photo.jpg"); // one image, or several of one size
\`\`\``;

/** @param files - of the export, with what each is */
export function modelCard(
  { origin, accuracy }: CardFacts,
  recipe: Recipe,
  files: readonly { readonly name: string; readonly what: string }[],
): string {
  const { backbone, width, channels, imageSize } = recipe.encoder;
  const isTransformers = files.some(({ name }) => name === "config.json");
  return [
    `${cardMark}pipeline_tag: image-feature-extraction\nlicense: other\ntags: [hcsc, self-supervised, ${isTransformers ? "transformers.js, " : ""}onnx]\n---`,
    `# ${titleOf(origin, recipe)}`,
    `An image encoder: ${backbone}${width === 1 ? "" : `, ${width} times the width`}, ${kindOfImages(channels)} images of ${imageSize} px. ${cameFrom(origin, recipe)}`,
    "## Files",
    markdownTable(
      ["file", "what"],
      files.map(({ name, what }) => [`\`${name}\``, what]),
    ),
    ...(isTransformers ? ["## Use", usage] : []),
    "## Figures",
    accuracy
      ? figures(accuracy)
      : "None were measured: no labelled images were held out. `hcsc eval knn` measures on yours.",
    "## Preprocessing",
    isTransformers
      ? "Inside the models, in Pillow's numbers; `preprocessing.json` has every step. Images are to be upright, and without transparency."
      : "`preprocessing.json` has every step.",
    "## Recipe",
    `<details><summary>Every field</summary>\n\n${markdownTable(
      ["field", "value"],
      [...recipeFields(recipe)].map(([field, value]) => [`\`${field}\``, `\`${JSON.stringify(value)}\``]),
    )}\n\n</details>`,
    "## Licence",
    "Not stated here: it is for whoever holds the rights in the images, and in weights that training began with, to say.",
    "",
  ].join("\n\n");
}

const titleOf = (origin: Origin | null, { name }: Recipe): string =>
  origin === null ? name : origin.kind === "run" ? origin.name : basename(origin.file);

const cameFrom = (origin: Origin | null, { name }: Recipe): string =>
  origin === null
    ? ""
    : origin.kind === "run"
      ? `Trained without labels by hierarchical contrastive selective coding (HCSC, Guo et al., CVPR 2022) on ${origin.images} images, \`${basename(origin.data)}\`, with the recipe \`${name}\`: ${origin.step} updates.`
      : `Weights of \`${basename(origin.file)}\`, with the names of ${origin.layout}, as they were.`;

const words = { fp32: "float32", fp16: "float16", q8: "8 bits" } as const;

function figures({ command, k, top1, bankImages, testImages }: NonNullable<CardFacts["accuracy"]>): string {
  const rows = (Object.entries(top1) as [keyof typeof words, number][]).map(([form, share]) => [
    words[form],
    percent(share, 2),
    form === "fp32" ? "" : (share - top1.fp32).toFixed(2),
  ]);
  return [
    `\`${command}\`: ${testImages} labelled images by the ${k} nearest of ${bankImages}, on the features, with weights stored so:`,
    markdownTable(["weights", "top-1", "against float32"], rows),
  ].join("\n\n");
}
