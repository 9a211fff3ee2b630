/** `hcsc eval linear`: a linear classifier on a run's frozen features. */
import { Command } from "commander";
import { withClassifierOptions, withFastOptions } from "./classifiers.js";
import { lazily } from "./lazily.js";

export const evalLinearCommand = (): Command =>
  withFastOptions(withClassifierOptions(new Command("linear")))
    .description(
      "train a linear classifier on the query backbone's frozen features: the authors' 100 epochs of SGD on augmented views, or --fast",
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc eval linear --run runs/demo --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --fast\n  hcsc eval linear --run runs/photos --data photos#train --test photos#val",
    )
    .action(lazily(() => import("../actions/evalLinear.js"), "several"));
