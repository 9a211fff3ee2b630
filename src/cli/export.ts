/** `hcsc export`: the trained encoder as a plain ONNX model, and how to feed it. */
import { join } from "node:path";
import { Command } from "commander";
import { exportedFiles, exportModel, openTrained } from "../encoder/index.js";
import { table } from "../text.js";
import { print } from "./print.js";

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

async function runExport(flags: { run: string; out: string; json?: boolean }): Promise<void> {
  const preprocessing = await exportModel(await openTrained(flags.run), flags.out);
  const rows = [
    [exportedFiles.images, "decoded images of any size → features, embedding"],
    [exportedFiles.pixels, "the same from prepared pixels, to be trained on"],
    [exportedFiles.weights, "the weights, by torchvision's names"],
    [exportedFiles.preprocessing, "how images are decoded, and what is done to them inside"],
  ];
  print(
    flags.json,
    { folder: flags.out, files: rows.map((r) => r[0]), ...preprocessing },
    table(rows.map(([a, b]) => [join(flags.out, a), b])),
  );
}
