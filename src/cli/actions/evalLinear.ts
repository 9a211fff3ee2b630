/** `hcsc eval linear`: a linear classifier on a run's frozen features. */
import { singleLabelsOf } from "../../eval/index.js";
import { protocols } from "../../train/index.js";
import { evaluate, type FastFlags } from "./classifiers.js";

export const run = (flags: FastFlags): Promise<void> => evaluate(flags, singleLabelsOf, () => protocols.linear);
