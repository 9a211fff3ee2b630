/**
 * What is computed once after each clustering: the selection normalizers of every queue key and every prototype, kept in the
 * state so that no step repeats them.
 */
import { concat, type Graph, input, inputsOf, reshape, scope, slice, type Value } from "../graph/index.js";
import { instanceNormalizer, type Level, prototypeNormalizer } from "../hcsc/index.js";
import { hierarchyInputs } from "./hierarchyInputs.js";
import { stackedNormalizers } from "./hierarchyStack.js";
import { next, state } from "./names.js";
import type { Levels, StepSettings } from "./stepSettings.js";

/** Rows at a time: a block's logits stay small beside the queue. */
const block = 2048;

/**
 * `queueNormalizer` [Q, L] and each `prototypeNormalizer` [M_l] from the queue and the hierarchy.
 *
 * @param form - of the steps that follow: of stacked levels it gives their stack's as well
 */
export function prepareGraph(s: StepSettings, form: Levels): Graph {
  const levels = hierarchyInputs(s);
  const queue = input(state.queue, [s.queue, s.encoder.dimension]);
  const outputs: Record<string, Value> = {};
  outputs[next(state.queueNormalizer)] = scope("queueNormalizer", () =>
    concat(
      levels.map((level) => byBlocks(queue, (rows) => instanceNormalizer(s.loss, rows, level))),
      1,
    ),
  );
  const normalized = levels.map((level, l) => {
    if (l === levels.length - 1) return level;
    const normalizer = scope(`prototypeNormalizer${l}`, () => normalizerOf(s, level, levels[l + 1]));
    outputs[next(state.prototypeNormalizer(l))] = normalizer;
    return { ...level, normalizer };
  });
  if (form === "stacked") outputs[next(state.stack("normalizers"))] = stackedNormalizers(normalized);
  return { name: "prepare", inputs: inputsOf(Object.values(outputs)), outputs };
}

function normalizerOf(s: StepSettings, level: Level, above: Level): Value {
  const count = level.prototypes.shape[0] as number;
  return reshape(
    byBlocks(level.prototypes, (prototypes) => prototypeNormalizer(s.loss, { prototypes }, above)),
    [count],
  );
}

function byBlocks(rows: Value, f: (rows: Value) => Value): Value {
  const count = rows.shape[0] as number;
  const starts = Array.from({ length: Math.ceil(count / block) }, (_, i) => i * block);
  return concat(
    starts.map((from) => f(starts.length === 1 ? rows : slice(rows, 0, from, Math.min(from + block, count)))),
    0,
  );
}
