/** `hcsc eval transfer`: a run's encoder on another data set. */
import { UsageError } from "../../errors.js";
import { labelsOf, type Targets } from "../../eval/index.js";
import { type Protocol, protocols } from "../../train/index.js";
import { evaluate, type FastFlags } from "./classifiers.js";

interface Flags extends FastFlags {
  readonly finetune?: boolean;
}

/** The authors' protocol on frozen features, by kind of target. */
const frozen: Readonly<Record<Targets["kind"], Protocol>> = {
  single: protocols.transfer,
  several: protocols.severalLabels,
};

export function run(flags: Flags): Promise<void> {
  if (flags.fast && flags.finetune)
    throw new UsageError(
      "contradiction",
      "--fast and --finetune exclude each other: --fast leaves the backbone as it is",
    );
  return evaluate(flags, labelsOf, ({ kind }) => (flags.finetune ? protocols.fineTuning : frozen[kind]));
}
