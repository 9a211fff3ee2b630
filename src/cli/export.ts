/** `hcsc export`: an encoder as files that others load, and how to feed it. */
import { join } from "node:path";
import { Command, Option } from "commander";
import type { DenseArray } from "../array.js";
import { encoderModel, encoderSettings, imageEncoderModel } from "../artifacts/index.js";
import { pixelStatistics } from "../recipe/index.js";
import { encodeTensors, makeFolder, writeAtomically } from "../tensorfile/index.js";
import { evaluationPolicy } from "../train/index.js";
import { encodeTorch } from "../weights/index.js";
import { type ChosenEncoder, chosenEncoder, type EncoderFlags, withEncoderOptions } from "./imported.js";
import { preprocessingOf } from "./preprocessing.js";
import { print, table } from "./print.js";
import type { Weights } from "./vectors.js";

/** A file of an export: its name, content, and what it is. */
interface ExportedFile {
  readonly name: string;
  readonly content: Uint8Array | readonly Uint8Array[];
  readonly what: string;
}

const files = { images: "encoder.onnx", pixels: "encoder-pixels.onnx" } as const;
const isHead = (name: string): boolean => name.startsWith("fc.");
const part = (weights: Weights, wanted: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(weights).filter(([name]) => wanted(name))) as Record<
    string,
    DenseArray<Float32Array>
  >;

const viewOf = ({ recipe }: ChosenEncoder) => ({ ...evaluationPolicy(recipe), ...pixelStatistics(recipe) });

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

const formats = {
  onnx: (chosen) => {
    const { recipe, weights } = chosen;
    const [settings, view] = [encoderSettings(recipe.encoder), viewOf(chosen)];
    return [
      {
        name: files.images,
        content: imageEncoderModel(settings, view, weights),
        what: "decoded images of any size → features, embedding",
      },
      {
        name: files.pixels,
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
} as const satisfies Record<string, (chosen: ChosenEncoder) => readonly ExportedFile[]>;

interface Flags extends EncoderFlags {
  readonly out: string;
  readonly format: keyof typeof formats;
  readonly json?: boolean;
}

export function exportCommand(): Command {
  return withEncoderOptions(new Command("export"))
    .description(
      "write the encoder as encoder.onnx, which takes decoded images of any size and gives what embed gives, its weights, and all that is done to images; or for PyTorch",
    )
    .requiredOption("--out <folder>", "where to write")
    .addOption(
      new Option(
        "--format <name>",
        "onnx: models and weights; torch: backbone.pth and head.pth, which torch.load reads; safetensors: the same as .safetensors",
      )
        .choices(Object.keys(formats))
        .default("onnx"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc export --run runs/demo --out model\n  hcsc export --run runs/demo --format torch --out model\n  hcsc export --weights checkpoint_0199.pth.tar --out model",
    )
    .action(runExport);
}

async function runExport(flags: Flags): Promise<void> {
  const chosen = await chosenEncoder(flags);
  const written = formats[flags.format](chosen);
  const { images, ...prepared } = preprocessingOf(encoderSettings(chosen.recipe.encoder), viewOf(chosen), files);
  // Weights alone take prepared pixels.
  const preprocessing = written.some(({ name }) => name === files.images)
    ? { ...prepared, images }
    : { ...prepared, pixels: { ...prepared.pixels, model: written[0].name } };
  await makeFolder(flags.out);
  for (const { name, content } of written) await writeAtomically(join(flags.out, name), content);
  await writeAtomically(
    join(flags.out, "preprocessing.json"),
    new TextEncoder().encode(`${JSON.stringify(preprocessing, null, 2)}\n`),
  );
  const rows = [
    ...written.map(({ name, what }) => [name, what]),
    ["preprocessing.json", "how images are decoded, and what is done to them inside"],
  ];
  print(
    flags.json,
    { folder: flags.out, files: rows.map((r) => r[0]), ...preprocessing },
    table(rows.map(([a, b]) => [join(flags.out, a), b])),
  );
}
