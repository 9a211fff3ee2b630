/** `hcsc eval transfer`: a run's encoder on another data set. */
import { Command } from "commander";
import { UsageError } from "../errors.js";
import { labelsOf, type Targets } from "../eval/index.js";
import { type Protocol, protocols } from "../train/index.js";
import {
  evaluate,
  type FastFlags,
  withBackboneOptions,
  withClassifierOptions,
  withFastOptions,
} from "./classifiers.js";

interface Flags extends FastFlags {
  readonly finetune?: boolean;
}

export function evalTransferCommand(): Command {
  return withBackboneOptions(withFastOptions(withClassifierOptions(new Command("transfer"))))
    .description(
      "try the query backbone on another data set, of one label an image (accuracy) or several (mean average precision): the authors' SGD on frozen features and augmented views, --fast, or --finetune",
    )
    .option("--finetune", "train the whole backbone with the classifier")
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc eval transfer --run runs/photos --data VOC2007#trainval --test VOC2007#test\n  hcsc eval transfer --run runs/photos --data places/train.csv --test places/val.csv --fast\n  hcsc eval transfer --run runs/photos --data birds#train --test birds#test --finetune",
    )
    .action(runTransfer);
}

/** The authors' protocol on frozen features, by kind of target. */
const frozen: Readonly<Record<Targets["kind"], Protocol>> = {
  single: protocols.transfer,
  several: protocols.severalLabels,
};

function runTransfer(flags: Flags): Promise<void> {
  if (flags.fast && flags.finetune)
    throw new UsageError(
      "contradiction",
      "--fast and --finetune exclude each other: --fast leaves the backbone as it is",
    );
  return evaluate(flags, labelsOf, ({ kind }) => (flags.finetune ? protocols.fineTuning : frozen[kind]));
}
