/** `hcsc export`: the trained encoder as a plain ONNX model, and how to feed it. */
import { join } from "node:path";
import { Command } from "commander";
import { encoderModel, encoderSettings, imageEncoderModel } from "../artifacts/index.js";
import { pixelStatistics } from "../recipe/index.js";
import { makeFolder, writeAtomically, writeTensors } from "../tensorfile/index.js";
import { encoderWeights, evaluationPolicy, lastSoundCheckpoint, RunFolder } from "../train/index.js";
import { preprocessingOf } from "./preprocessing.js";
import { print, table } from "./print.js";

export function exportCommand(): Command {
  return new Command("export")
    .description(
      "write the trained encoder as encoder.onnx, which takes decoded images of any size and gives what embed gives, its weights, and all that is done to images",
    )
    .requiredOption("--run <folder>", "a run folder")
    .requiredOption("--out <folder>", "where to write")
    .addHelpText("after", "\nExample:\n  hcsc export --run runs/demo --out model")
    .action(runExport);
}

const files = { images: "encoder.onnx", pixels: "encoder-pixels.onnx" } as const;

async function runExport(flags: { run: string; out: string; json?: boolean }): Promise<void> {
  const run = await RunFolder.open(flags.run);
  const { recipe } = run.description;
  const weights = encoderWeights(await lastSoundCheckpoint(run), "query");
  const settings = encoderSettings(recipe.encoder);
  const view = { ...evaluationPolicy(recipe), ...pixelStatistics(recipe) };
  const preprocessing = preprocessingOf(settings, view, files);
  await makeFolder(flags.out);
  await writeAtomically(join(flags.out, files.images), imageEncoderModel(settings, view, weights));
  await writeAtomically(join(flags.out, files.pixels), encoderModel(settings, weights, null));
  await writeTensors(join(flags.out, "encoder.safetensors"), weights);
  await writeAtomically(
    join(flags.out, "preprocessing.json"),
    new TextEncoder().encode(`${JSON.stringify(preprocessing, null, 2)}\n`),
  );
  const rows = [
    [files.images, "decoded images of any size → features, embedding"],
    [files.pixels, "the same from prepared pixels, to be trained on"],
    ["encoder.safetensors", "the weights, by torchvision's names"],
    ["preprocessing.json", "how images are decoded, and what is done to them inside"],
  ];
  print(
    flags.json,
    { folder: flags.out, files: rows.map((r) => r[0]), ...preprocessing },
    table(rows.map(([a, b]) => [join(flags.out, a), b])),
  );
}
