/** `hcsc eval semi`: fine-tuning a run's backbone with few labels, beside a random start. */
import { Command } from "commander";
import type { LabelledPart } from "../../protocols/index.js";
import { withBackboneOptions, withClassifierOptions } from "./classifiers.js";
import { lazily } from "./lazily.js";

export function evalSemiCommand(): Command {
  return withBackboneOptions(withClassifierOptions(new Command("semi")))
    .description(
      "fine-tune the whole query backbone with few labels, and a backbone of random weights with the same, by the authors' 70 epochs of SGD",
    )
    .requiredOption(
      "--labels <amount>",
      "how many of the --data images are labelled, evenly over the classes: 1%, 10%, or a number; or a file that lists them by name, one a line",
      labelledPart,
    )
    .addHelpText(
      "after",
      "\nExamples:\n  hcsc eval semi --run runs/photos --data photos#train --test photos#val --labels 1%\n  hcsc eval semi --run runs/demo --data 'data/fashion-mnist[0:8000]' --test 'data/fashion-mnist[8000:10000]' --labels 10% --batch-size 32",
    )
    .action(lazily(() => import("../actions/evalSemi.js")));
}

/** `1%`, `500`, or a file. */
function labelledPart(text: string): LabelledPart {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  if (number === undefined) return { file: text };
  return percent ? { share: Number(number) / 100 } : { count: Number(number) };
}
