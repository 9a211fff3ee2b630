/** `hcsc eval semi`: fine-tuning a run's backbone with few labels, beside a random start. */
import { Command } from "commander";
import type { Advice } from "../errors.js";
import { fewLabels, type LabelledPart } from "../protocols/index.js";
import { percent, table } from "../text.js";
import { protocols } from "../train/index.js";
import { type ClassifierFlags, protocolOf, withBackboneOptions, withClassifierOptions } from "./classifiers.js";
import { advised, print, warn } from "./print.js";
import { onRun } from "./session.js";
import { setsOf } from "./sets.js";

interface Flags extends ClassifierFlags {
  readonly labels: LabelledPart;
}

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
    .action(runSemi);
}

/** `1%`, `500`, or a file. */
function labelledPart(text: string): LabelledPart {
  const [, number, percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  if (number === undefined) return { file: text };
  return percent ? { share: Number(number) / 100 } : { count: Number(number) };
}

async function runSemi(flags: Flags): Promise<void> {
  const { run, seed, labels: labelled } = flags;
  const protocol = protocolOf(protocols.fineTuning, flags);
  const sets = await setsOf(flags);
  const { step, results, ...counts } = await onRun(
    { ...flags, data: sets.data },
    async (learner) => {
      const how = { labelled, protocol, seed, onDoubt: (doubt: Advice) => warn(advised(doubt)) };
      const accuracy = await fewLabels(await learner.encoder(), learner.images, learner.opening(sets.test), how);
      return { ...accuracy, step: (await learner.trained()).checkpoint.position.step };
    },
    { seed, keepDecoded: true },
  );
  print(flags.json, { run, step, ...counts, protocol, results }, [
    ...table([
      ["backbone at the start", "top-1", "top-5"],
      ...results.map((r) => [r.start, percent(r.top1, 2), percent(r.top5, 2)]),
    ]),
    `${results[0].images} images after fine-tuning with ${counts.labelled} labels of ${counts.of}; query backbone after step ${step}`,
  ]);
}
