/** The loss after warm-up as a step has it: level by level, or all levels in one stack. */
import { concat, constant, input, mean, reshape, scatterND, transpose, type Value } from "../graph/index.js";
import {
  canStack,
  hcscLoss,
  instanceNormalizer,
  type LossInputs,
  type LossSettings,
  type StepLoss,
  stackedLoss,
} from "../hcsc/index.js";
import { drawsOfWords, drawTables } from "./draws.js";
import { hierarchyInputs } from "./hierarchyInputs.js";
import { stackInputs } from "./hierarchyStack.js";
import { feeds, state } from "./names.js";
import type { Levels, StepSettings } from "./stepSettings.js";

/** What a step has before its loss. */
type Embedded = Pick<LossInputs, "views" | "keys" | "queue">;

/** The loss, and the queue's normalizers with those of the batch's keys, where the loss selects queue keys. */
export interface SelectiveLoss extends StepLoss {
  readonly queueNormalizer: Value | null;
}

/**
 * The loss of a hierarchy that is an input.
 *
 * @param form - `stacked` only where the loss has that form
 * @param slots - places of the batch's keys in the queue
 */
export function selectiveLoss(s: StepSettings, form: Levels, embedded: Embedded, slots: Value): SelectiveLoss {
  const levels = hierarchyInputs(s);
  const queueNormalizer = input(state.queueNormalizer, [s.queue, levels.length]);
  const stacks = form === "stacked" && canStack(s.loss, { views: embedded.views, levels });
  const loss = (stacks ? stacked : byLevel)(s, { ...embedded, queueNormalizer, levels });
  const { keyNormalizer: fresh } = loss;
  return { ...loss, queueNormalizer: fresh && scatterND(queueNormalizer, slots, fresh) };
}

type Given = Omit<LossInputs, "draws">;

function byLevel(s: StepSettings, given: Given): StepLoss {
  const { views, levels, keys } = given;
  const draws = {
    instance: instanceDraws(s),
    prototype: views.map((_, v) => levels.slice(0, -1).map((_, l) => prototypeDraws(s, v, l))),
  };
  const { total, terms, instanceMask, prototypeKeepFractions } = hcscLoss(s.loss, { ...given, draws });
  return {
    total,
    terms: stackOf(terms),
    instanceKept: instanceMask && mean(instanceMask, [0, 2]),
    prototypeKept: stackOf(prototypeKeepFractions),
    keyNormalizer: instanceMask && keyNormalizer(s.loss, keys, levels),
  };
}

function stacked(s: StepSettings, given: Given): StepLoss {
  const draws = {
    instance:
      s.draws === "words" ? drawsOfWords(drawTables.stackedInstance(s)) : transpose(instanceDraws(s), [1, 0, 2]),
    prototype: given.views.map((_, v) =>
      s.draws === "words" ? drawsOfWords(drawTables.stackedPrototype(s, v)) : stackedNumbers(s, v),
    ),
  };
  return stackedLoss(s.loss, { ...given, stack: stackInputs(s.clusters, s.encoder.dimension), draws });
}

const instanceDraws = (s: StepSettings): Value =>
  s.draws === "words"
    ? drawsOfWords(drawTables.instance(s))
    : input(feeds.instanceDraws, [s.batchSize, s.clusters.length, s.queue]);

const prototypeDraws = (s: StepSettings, view: number, level: number): Value =>
  s.draws === "words"
    ? drawsOfWords(drawTables.prototype(s, view, level))
    : input(feeds.prototypeDraws(view, level), [s.batchSize, s.clusters[level]]);

/** Draws that are fed level by level, as a stack. */
function stackedNumbers(s: StepSettings, view: number): Value {
  const width = Math.max(...s.clusters);
  const zeros = (count: number) => constant(new Float32Array(s.batchSize * count), [s.batchSize, count]);
  const below = s.clusters.slice(0, -1);
  const padded = below.map((m, l) => concat([prototypeDraws(s, view, l), zeros(width - m)], 1));
  return reshape(concat([...padded, zeros(width)], 0), [s.clusters.length, s.batchSize, width]);
}

/** `queueNormalizer` of some keys, [B, L]. */
export const keyNormalizer = (settings: LossSettings, keys: Value, levels: LossInputs["levels"]): Value =>
  concat(
    levels.map((level) => instanceNormalizer(settings, keys, level)),
    1,
  );

/** Scalars as a vector. */
export const stackOf = (scalars: readonly Value[]): Value =>
  concat(
    scalars.map((x) => reshape(x, [1])),
    0,
  );
