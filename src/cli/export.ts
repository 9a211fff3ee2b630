/** `hcsc export`: an encoder as files that others load, and how to feed it. */
import { join } from "node:path";
import { Command, Option } from "commander";
import { type ExportFormat, exportFormats, exportModel } from "../encoder/index.js";
import { table } from "../text.js";
import { chosenEncoder, type EncoderFlags, withEncoderOptions } from "./imported.js";
import { print } from "./print.js";

interface Flags extends EncoderFlags {
  readonly out: string;
  readonly format: ExportFormat;
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
        .choices(Object.keys(exportFormats))
        .default("onnx"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc export --run runs/demo --out model\n  hcsc export --run runs/demo --format torch --out model\n  hcsc export --weights checkpoint_0199.pth.tar --out model",
    )
    .action(runExport);
}

async function runExport(flags: Flags): Promise<void> {
  const { preprocessing, files } = await exportModel(await chosenEncoder(flags), flags.out, flags.format);
  print(
    flags.json,
    { folder: flags.out, files: files.map(({ name }) => name), ...preprocessing },
    table(files.map(({ name, what }) => [join(flags.out, name), what])),
  );
}
