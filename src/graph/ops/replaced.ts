/** Ops of files that become others when they are read (`modernise.ts`): no graph holds them. */
import { float, floats, int, integers, like, optional, own, type Signature, word } from "./declare.js";

const one = [like("X", floats)];
const scored = [like("scores", floats), own("labels", integers), optional(like("weights", floats))];
const loss = { reduction: word("mean", "sum", "none"), ignore_index: int() };

export const replaced = {
  LpNormalization: { inputs: one, attributes: { axis: int(-1), p: int(2) } },
  Gelu: { inputs: one, attributes: { approximate: word("none", "tanh") } },
  HardSwish: { inputs: one, attributes: {} },
  Mish: { inputs: one, attributes: {} },
  Selu: { inputs: one, attributes: { alpha: float(1.6732632423543772), gamma: float(1.0507009873554805) } },
  Softsign: { inputs: one, attributes: {} },
  SoftmaxCrossEntropyLoss: { inputs: scored, attributes: loss },
  NegativeLogLikelihoodLoss: { inputs: scored, attributes: loss },
} satisfies Record<string, Signature>;
