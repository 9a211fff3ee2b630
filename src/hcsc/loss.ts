/**
 * The HCSC loss (Guo et al., CVPR 2022): instance-wise (ICSC) and prototypical (PCSC) selective contrast over a hierarchy of
 * prototypes, in the variants of `src/variants.ts`. Selections are constants for the gradient.
 *
 * A selection probability is 1 − softmax. Its denominator depends on a queue key (or a prototype) and the prototypes only, not
 * on the anchor: it comes in as a logarithm (`logNormalizer`), computed once for each key and clustering. What is left for
 * each step is one product of the anchors' prototypes with the queue.
 */

import { GraphError } from "../errors.js";
import {
  add,
  and,
  cast,
  clip,
  concat,
  constant,
  div,
  exp,
  gather,
  gemm,
  less,
  max,
  mean,
  mul,
  not,
  reshape,
  slice,
  stopGradient,
  sub,
  sum,
  transpose,
  unsqueeze,
  type Value,
} from "../graph/index.js";
import { rowDot } from "../nn/index.js";
import { rulesOf } from "../variants.js";
import {
  type Above,
  type Anchor,
  activeRows,
  anchorAt,
  ids,
  instanceTemperature,
  logitsOf,
  parentTemperature,
} from "./anchors.js";
import { instanceContrast, logNormalizer, prototypeContrast } from "./contrast.js";
import type { Level, LossInputs, LossSettings } from "./inputs.js";

/** The loss, and what made it. */
export interface Loss {
  readonly total: Value;
  /** instance_l(q), instance_l(v) by level then view, prototype_l(q), prototype_l(v) by view then level: scalars. */
  readonly terms: readonly Value[];
  /** Which queue keys stay negatives [B, L, Q]; null without instance selection. */
  readonly instanceMask: Value | null;
  /** By level: which prototypes stay negatives of the query, float [B, M], and their share of the candidates. */
  readonly prototypeMasks: readonly Value[];
  readonly prototypeKeepFractions: readonly Value[];
  /** By level: each query's own prototype, int64 [B]. */
  readonly positives: readonly Value[];
}

/** Plain InfoNCE of every view over the queue: the loss before the first clustering. */
export function warmupLoss(
  settings: LossSettings,
  { views, keys, queue }: Pick<LossInputs, "views" | "keys" | "queue">,
): { total: Value; terms: readonly Value[] } {
  const terms = views.map((v) => reshape(instanceContrast(v, keys, queue, null, settings.temperature, "removed"), []));
  return { total: terms.reduce((a, b) => add(a, b)), terms };
}

/** The combined loss after warm-up. */
export function hcscLoss(settings: LossSettings, inputs: LossInputs): Loss {
  const { views, keys, queue, levels } = inputs;
  const rules = rulesOf(settings.variant);
  const anchors = levels.map((level) => anchorAt(level, stopGradient(views[0]), settings.variant));
  const mask = settings.instanceSelection ? instanceMask(settings, inputs, anchors) : null;
  const masks = views.map((_, i) => (i === 0 || settings.selectionOnLocal ? mask : null));
  const instance = views.map((v, i) =>
    perLevel(instanceContrast(v, keys, queue, masks[i], settings.temperature, rules.dropped)),
  );
  const prototype = views.map((v, i) =>
    levels.map((_, l) => prototypeTerm(settings, inputs, anchors, l, v, inputs.draws.prototype[i] ?? [])),
  );
  const locals = instance.slice(1);
  const byLevel = (locals[0] ?? []).flatMap((_, l) => locals.map((terms) => terms[l]));
  const total = (values: readonly Value[]) => values.reduce((a, b) => add(a, b));
  const prototypeTerms = prototype.flat().map((p) => p.loss);
  return {
    total: add(
      total(instance.map((terms) => mul(total(terms), instanceScale[rules.instanceTerms](terms.length)))),
      mul(total(prototypeTerms), 1 / levels.length),
    ),
    terms: [...instance[0], ...byLevel, ...prototypeTerms],
    instanceMask: mask,
    prototypeMasks: prototype[0].map((p) => p.negatives),
    prototypeKeepFractions: prototype[0].map((p) => p.keepFraction),
    positives: anchors.map((a) => a.positive),
  };
}

/** What a sum of instance terms is multiplied by. */
const instanceScale = { averaged: (terms: number) => 1 / terms, summed: () => 1 } as const;

const perLevel = (losses: Value): Value[] =>
  Array.from({ length: losses.shape[0] as number }, (_, l) => reshape(slice(losses, 0, l, l + 1), []));

function clamped(p: Value, settings: LossSettings, which: "instance" | "prototype"): Value {
  const bounds = rulesOf(settings.variant).clamp[which];
  return bounds ? clip(p, bounds[0], bounds[1]) : p;
}

/** ln Σ_i e^{s(z, c_i^l)} of keys at a level, [keys, 1]: the denominator of instance selection. */
export function instanceNormalizer(settings: LossSettings, keys: Value, level: Above): Value {
  return logNormalizer(
    keys,
    level.prototypes,
    instanceTemperature(level.temperature, settings.variant),
    activeRows(level),
  );
}

/** ln Σ_i e^{s(c, c_i^{l+1})} of a level's prototypes under the level above, [M, 1]: the denominator of prototype selection. */
export function prototypeNormalizer(settings: LossSettings, level: Pick<Level, "prototypes">, above: Above): Value {
  return logNormalizer(level.prototypes, above.prototypes, parentTemperature(above, settings), activeRows(above));
}

/** Keeps z_j at level l with probability 1 − softmax_c s(z_j, c)[c^l(z)]: float 0/1 [B, L, Q]. */
function instanceMask(
  settings: LossSettings,
  { queue, queueNormalizer, draws }: LossInputs,
  anchors: readonly Anchor[],
): Value {
  const stacked = concat(
    anchors.map((a) => unsqueeze(a.prototypes, [1])),
    1,
  ); // [B, L, D]
  const temperatures = concat(
    anchors.map((a) => instanceTemperature(a.temperature, settings.variant)),
    1,
  ); // [B, L]
  const [batch, levels, dimension] = stacked.shape as readonly number[];
  const length = queue.shape[0] as number;
  const cosines = gemm(reshape(stacked, [batch * levels, dimension]), queue, null, { transB: true });
  // Divided after the product, as the normalizer's logits are: both round alike even at a small temperature.
  const similarity = div(reshape(cosines, [batch, levels, length]), unsqueeze(temperatures, [2]));
  const share = exp(sub(similarity, unsqueeze(transpose(queueNormalizer as Value, [1, 0]), [0])));
  return cast(less(draws.instance as Value, clamped(sub(1, share), settings, "instance")), "float32");
}

/** Keeps c_j with probability 1 − softmax_c s(c_j, c)[Parent(c^l(z))]; all at the top level: float 0/1 [B, M], or null. */
function prototypeMask(
  settings: LossSettings,
  levels: readonly Level[],
  anchors: readonly Anchor[],
  l: number,
  draws: Value | undefined,
): Value | null {
  const level = levels[l];
  if (!settings.prototypeSelection || l === levels.length - 1) return null;
  if (!level.parent || !level.normalizer || !draws)
    throw new GraphError(
      "not-given",
      `prototype selection at level ${l} needs parents, a normalizer and draws for every view`,
    );
  const parent = gather(level.parent, anchors[l].positive);
  const above = levels[l + 1];
  const temperature = unsqueeze(gather(parentTemperature(above, settings), parent), [1]);
  const similarity = gemm(div(gather(above.prototypes, parent), temperature), level.prototypes, null, { transB: true }); // [B, M]
  const share = exp(sub(similarity, unsqueeze(level.normalizer, [0])));
  return cast(less(draws, clamped(sub(1, share), settings, "prototype")), "float32");
}

interface PrototypeTerm {
  readonly loss: Value;
  /** Float 0/1 [B, M]: candidates that are kept. */
  readonly negatives: Value;
  readonly keepFraction: Value;
}

function prototypeTerm(
  settings: LossSettings,
  { levels }: LossInputs,
  anchors: readonly Anchor[],
  l: number,
  v: Value,
  draws: readonly Value[],
): PrototypeTerm {
  const anchor = anchors[l];
  const rules = rulesOf(settings.variant);
  const candidates = candidatesOf[rules.candidates](levels[l], anchor);
  const kept = prototypeMask(settings, levels, anchors, l, draws[l]);
  const own = div(rowDot(v, anchor.prototypes), anchor.temperature);
  const allowed = cast(candidates, "float32");
  const negatives = kept
    ? mul(kept, allowed)
    : mul(allowed, constant(new Float32Array(v.shape[0] as number).fill(1), [v.shape[0] as number, 1]));
  return {
    loss: prototypeContrast(logitsOf(v, levels[l]), own, candidates, kept, rules.dropped),
    negatives,
    keepFraction: div(mean(sum(negatives, [1])), clip(mean(sum(allowed, [1])), 1, null)),
  };
}

/** Which prototypes may be negatives: bool [B, M] or [1, M]. */
const candidatesOf = {
  others: (level: Level, anchor: Anchor) => and(activeRows(level), not(anchor.onehot)),
  unassigned: (level: Level, anchor: Anchor) => {
    const taken = level.taken ?? max(cast(anchor.onehot, "float32"), [0], true); // [1, M]
    return and(less(ids(level.prototypes.shape[0] as number), level.maxAssignment as Value), less(taken, 1));
  },
} as const;
