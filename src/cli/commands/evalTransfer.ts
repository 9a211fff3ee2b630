/** `hcsc eval transfer`: a run's encoder on another data set. */
import { Command } from "commander";
import { withBackboneOptions, withClassifierOptions, withFastOptions } from "./classifiers.js";
import { lazily } from "./lazily.js";

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
    .action(lazily(() => import("../actions/evalTransfer.js"), "several"));
}
