/** `hcsc export`: an encoder as files that others load, how to feed it, and a card that says what it is. */
import { join } from "node:path";
import { Command, Option } from "commander";
import {
  type ExportFormat,
  exportFormats,
  exportModel,
  formsOf,
  openTrained,
  type StoredAccuracy,
} from "../encoder/index.js";
import type { Learner } from "../learner/index.js";
import { storedKnn } from "../protocols/index.js";
import { percent, table } from "../text.js";
import { chosenEncoder, type EncoderFlags, isOfRun, onWeights, withEncoderOptions } from "./imported.js";
import { withEngineOptions } from "./options.js";
import { print, warn } from "./print.js";
import { type EngineFlags, onRun } from "./session.js";
import { namedSets, type SetFlags, setsOf, withSetOptions } from "./sets.js";

interface Flags extends EncoderFlags, EngineFlags, SetFlags {
  readonly out: string;
  readonly format: ExportFormat;
}

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
        .choices(Object.keys(exportFormats))
        .default("onnx"),
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc export --run runs/demo --out model\n  hcsc export --run runs/demo --format torch --out model\n  hcsc export --run runs/demo --format transformers --out models/demo\n  hcsc export --weights checkpoint_0199.pth.tar --out model",
    )
    .action(runExport);
}

async function runExport(flags: Flags): Promise<void> {
  const { origin, ...chosen } = await chosenEncoder(flags);
  const found = await measured(flags);
  const accuracy = found && { ...found, command: `hcsc eval knn --k ${found.k}` };
  const { preprocessing, files } = await exportModel(chosen, flags.out, flags.format, { origin, accuracy });
  const top1 = Object.entries(accuracy?.top1 ?? {});
  print(flags.json, { folder: flags.out, files: files.map(({ name }) => name), accuracy, ...preprocessing }, [
    ...table(files.map(({ name, what }) => [join(flags.out, name), what])),
    ...(top1.length > 0 ? table(top1.map(([form, share]) => [`kNN with weights in ${form}`, percent(share, 2)])) : []),
  ]);
}

/** kNN by how weights are stored, where images to measure on are named, or known of a run whose weights are stored otherwise. */
async function measured(flags: Flags): Promise<StoredAccuracy | null> {
  const forms = formsOf(flags.format);
  const isNamed = flags.data !== undefined || flags.test !== undefined || flags.split !== undefined;
  const ofSet = (test: string) => async (learner: Learner) =>
    storedKnn(await learner.encoder(), learner.images, learner.opening(test), forms);
  if (!isOfRun(flags)) {
    if (!isNamed) return null;
    const { data, test } = namedSets(flags);
    return onWeights(flags, data, ofSet(test));
  }
  const { run } = await openTrained(flags.run, warn);
  const isKnown = forms.length > 0 && (run.description.test ?? null) !== null;
  if (!isNamed && !isKnown) return null;
  const { data, test } = await setsOf(flags);
  return onRun({ ...flags, data }, ofSet(test));
}
