/** `hcsc eval semi`: fine-tuning a run's backbone with few labels, beside a random start. */
import type { Advice } from "../../errors.js";
import { fewLabels, type LabelledPart } from "../../protocols/index.js";
import { percent, table } from "../../text.js";
import { protocols } from "../../train/index.js";
import { advised, print, warn } from "../print.js";
import { type ClassifierFlags, protocolOf } from "./classifiers.js";
import { onRun } from "./session.js";
import { setsOf } from "./sets.js";

interface Flags extends ClassifierFlags {
  readonly labels: LabelledPart;
}

export async function run(flags: Flags): Promise<void> {
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
