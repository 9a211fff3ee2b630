/** `hcsc export`: the trained encoder as a plain ONNX model, and how to feed it. */
import { join } from "node:path";
import { Command } from "commander";
import { encoderModel, encoderSettings } from "../artifacts/index.js";
import { featureWidth } from "../nn/index.js";
import { pixelStatistics } from "../recipe/index.js";
import { makeFolder, writeAtomically, writeTensors } from "../tensorfile/index.js";
import { encoderWeights, evaluationPolicy, latestCheckpoint, RunFolder } from "../train/index.js";
import { print, table } from "./print.js";

export function exportCommand(): Command {
  return new Command("export")
    .description(
      "write the trained encoder as encoder.onnx (any batch), its weights, and what a caller needs to prepare images",
    )
    .requiredOption("--run <folder>", "a run folder")
    .requiredOption("--out <folder>", "where to write")
    .addHelpText("after", "\nExample:\n  hcsc export --run runs/demo --out model")
    .action(runExport);
}

async function runExport(flags: { run: string; out: string; json?: boolean }): Promise<void> {
  const run = await RunFolder.open(flags.run);
  const { recipe } = run.description;
  const weights = encoderWeights(await latestCheckpoint(run), "query");
  const settings = encoderSettings(recipe.encoder);
  const { size, channels, resize, interpolation } = evaluationPolicy(recipe);
  const preprocessing = {
    model: "encoder.onnx",
    input: {
      name: "pixels",
      shape: ["batch", channels, size, size],
      dtype: "float32",
      layout: "NCHW",
      colour: channels === 3 ? "RGB" : "luma",
    },
    outputs: { features: ["batch", featureWidth(settings.net)], embedding: ["batch", settings.dimension] },
    steps: [
      `${resize === 0 ? `images of ${size}×${size} as they are; others: ` : ""}resize the short side to ${resize === 0 ? Math.round((size * 256) / 224) : resize}, ${interpolation} with antialiasing (Pillow's)`,
      `crop the central ${size}×${size}`,
      "value = (pixel / 255 − mean) / std, for each channel",
    ],
    resize,
    interpolation,
    ...pixelStatistics(recipe),
  };
  await makeFolder(flags.out);
  await writeAtomically(join(flags.out, "encoder.onnx"), encoderModel(settings, size, weights, null));
  await writeTensors(join(flags.out, "encoder.safetensors"), weights);
  await writeAtomically(
    join(flags.out, "preprocessing.json"),
    new TextEncoder().encode(`${JSON.stringify(preprocessing, null, 2)}\n`),
  );
  const rows = [
    ["encoder.onnx", "pixels → features, embedding"],
    ["encoder.safetensors", "the weights, by torchvision's names"],
    ["preprocessing.json", "how to prepare images"],
  ];
  print(
    flags.json,
    { folder: flags.out, files: rows.map((r) => r[0]), ...preprocessing },
    table(rows.map(([a, b]) => [join(flags.out, a), b])),
  );
}
