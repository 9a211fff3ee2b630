/** `hcsc export`: an encoder as files that others load, how to feed it, and a card that says what it is. */
import { Command, Option } from "commander";
import type { ExportFormat } from "../../encoder/index.js";
import { lazily } from "./lazily.js";
import { named, withEngineOptions } from "./options.js";
import { withSetOptions } from "./sets.js";
import { withEncoderOptions } from "./weights.js";

export function exportCommand(): Command {
  return withEncoderOptions(
    withSetOptions(withEngineOptions(new Command("export")), "that vote, to measure kNN for the card"),
  )
    .description(
      "write the encoder as encoder.onnx, which takes decoded images of any size and gives what embed gives, its weights, and all that is done to images; or for PyTorch or transformers.js; with a model card",
    )
    .requiredOption("--out <folder>", "where to write")
    .addOption(
      new Option(
        "--format <name>",
        "onnx: models and weights; torch: backbone.pth and head.pth, which torch.load reads; safetensors: the same as .safetensors; transformers: a folder for transformers.js, with weights in float32, float16 and 8 bits and, where a run has images held out, what those cost",
      )
        .choices(named<ExportFormat>({ onnx: true, torch: true, safetensors: true, transformers: true }))
        .default("onnx"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc export --run runs/demo --out model\n  hcsc export --run runs/demo --format torch --out model\n  hcsc export --run runs/demo --format transformers --out models/demo\n  hcsc export --weights checkpoint_0199.pth.tar --out model",
    )
    .action(lazily(() => import("../actions/export.js")));
}
