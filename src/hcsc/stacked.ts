/**
 * The combined loss of the paper with all levels at once, for devices, where every op costs a launch: what `loss.ts` does level
 * by level is done to stacks [levels, rows, prototypes], prototypes padded to the largest level. The same method: a test holds
 * both forms to the same numbers. Rows of the queue and prototypes are kept by the same draws.
 */
import {
  add,
  apply,
  argMax,
  cast,
  concat,
  constant,
  crossEntropyAmong,
  div,
  equal,
  exp,
  gather,
  gemm,
  less,
  log,
  matMul,
  max,
  mean,
  mul,
  reshape,
  scoresAmong,
  softmax,
  stopGradient,
  sub,
  sum,
  transpose,
  type Value,
  where,
} from "../graph/index.js";
import { rowDot } from "../nn/index.js";
import { rulesOf } from "../variants.js";
import type { LossInputs, LossSettings } from "./inputs.js";

/** What a step takes from the loss. */
export interface StepLoss {
  readonly total: Value;
  /** [n], in the order of `Loss.terms`. */
  readonly terms: Value;
  /** Share of queue keys kept, by level [L]; null without instance selection. */
  readonly instanceKept: Value | null;
  /** Share of candidate prototypes kept, by level [L]. */
  readonly prototypeKept: Value;
  /** `instanceNormalizer` of the batch's keys at every level [B, L]; null without instance selection. */
  readonly keyNormalizer: Value | null;
}

/** Whether the loss has a stacked form: the paper's, with both selections for every view, and several levels. */
export const canStack = (s: LossSettings, { views, levels }: Pick<LossInputs, "views" | "levels">): boolean =>
  rulesOf(s.variant).stacks &&
  s.instanceSelection &&
  s.prototypeSelection &&
  (s.selectionOnLocal || views.length === 1) &&
  levels.length > 1;

/** All levels' prototypes in one stack, padded to the largest level: W places a level, place i of level l in row l·W + i. */
export interface LevelStack {
  /** [L·W, D], and the same by level [L, W, D]. */
  readonly rows: Value;
  readonly prototypes: Value;
  /** τ_c of every row [L·W], and the same by level [L, 1, W]; 1 where there is no prototype. */
  readonly temperatures: Value;
  readonly temperature: Value;
  /** How many places of each level are prototypes [L, 1, 1], and one less, at least 1 [L]. */
  readonly counts: Value;
  readonly others: Value;
  /** The rows of all prototypes' parents, int32 [L·W]; any row at the top. */
  readonly parents: Value;
  /** `Level.normalizer` of all places [L, 1, W]: `topNormalizer` at the top, `absentNormalizer` where there is no prototype. */
  readonly normalizers: Value;
}

/** Of prototypes that all are kept. */
export const topNormalizer = 1e30;
/** Of places that none is. */
export const absentNormalizer = -1e30;

/** What the stacked loss is of; as `LossInputs` but for the levels and the draws. */
export interface StackedInputs extends Pick<LossInputs, "views" | "keys" | "queue" | "queueNormalizer"> {
  readonly stack: LevelStack;
  /** Uniform draws in [0, 1): [L, B, Q], and for each view [L, B, W]. */
  readonly draws: { readonly instance: Value; readonly prototype: readonly Value[] };
}

/** The loss of `hcscLoss`, all levels in one stack: the same numbers in fewer ops. Only where `canStack` says so. */
export function stackedLoss(settings: LossSettings, inputs: StackedInputs): StepLoss {
  const { views, keys, queue, draws } = inputs;
  const stack = inPlaces(inputs.stack);
  const anchors = anchorsOf(stack, views[0]);
  const queueMask = instanceMask(stack, anchors, inputs);
  const instance = views.map((v) => instanceTerms(settings, v, keys, queue, queueMask));
  const share = prototypeShare(stack, anchors);
  const prototype = views.map((v, i) => prototypeTerms(stack, anchors, share, v, draws.prototype[i]));
  const each = mean(concat([...instance, ...prototype.map((p) => p.losses)], 0), [1, 2]); // by level, view by view
  const terms = views.length === 1 ? each : gather(each, localsByLevel(stack.levels, views.length));
  return {
    total: mul(sum(terms), 1 / stack.levels),
    terms,
    instanceKept: mean(queueMask, [1, 2]),
    prototypeKept: keptShare(stack, prototype[0].kept),
    keyNormalizer: normalizer(stack, keys),
  };
}

/** The places of all terms in the order of `Loss.terms`: the instance terms of local views stand level by level. */
function localsByLevel(levels: number, views: number): Value {
  const all = 2 * levels * views;
  const places = Array.from({ length: all }, (_, i) => i);
  const locals = places.slice(0, levels).flatMap((l) => places.slice(1, views).map((v) => v * levels + l));
  const order = [...places.slice(0, levels), ...locals, ...places.slice(levels * views)];
  return constant(order, [all], "int64");
}

interface Stack extends LevelStack {
  readonly levels: number;
  /** W */
  readonly width: number;
  /** The columns of each level's matrix [L, D, W]. */
  readonly columns: Value;
  /** Which places are prototypes: bool [L, 1, W]. */
  readonly active: Value;
}

const countUp = (count: number): Value =>
  constant(
    Float32Array.from({ length: count }, (_, i) => i),
    [count],
  );

function inPlaces(stack: LevelStack): Stack {
  const [levels, width] = stack.prototypes.shape as readonly number[];
  const columns = transpose(stack.prototypes, [0, 2, 1]);
  return { ...stack, levels, width, columns, active: less(countUp(width), stack.counts) };
}

/** v·c/τ_c of every place of the stack: [L, B, W]. */
const similarities = (stack: Stack, v: Value): Value => div(matMul(v, stack.columns), stack.temperature);

/** The same, −10³⁰ where there is no prototype. */
const logitsOf = (stack: Stack, v: Value): Value => scoresAmong(similarities(stack, v), stack.active);

/** Each query's own prototypes, the most similar of each level. */
interface Anchors {
  /** Rows of the stack, int64 [L, B, 1]. */
  readonly row: Value;
  /** bool [L, B, W] */
  readonly own: Value;
}

function anchorsOf(stack: Stack, query: Value): Anchors {
  const positive = argMax(logitsOf(stack, stopGradient(query)), 2, true); // [L, B, 1]
  const place = gather(countUp(stack.width), positive);
  const start = constant(
    Array.from({ length: stack.levels }, (_, l) => l * stack.width),
    [stack.levels, 1, 1],
  );
  return { row: cast(add(place, start), "int64"), own: equal(countUp(stack.width), place) };
}

/** Keeps z_j at level l with probability 1 − softmax_c s(z_j, c)[c^l(z)]: float 0/1 [L, B, Q]. */
function instanceMask(stack: Stack, { row }: Anchors, { queue, queueNormalizer, draws }: StackedInputs): Value {
  const [length, dimension] = queue.shape as readonly number[];
  const batch = row.shape[1] as number;
  const own = reshape(gather(stack.rows, row), [stack.levels * batch, dimension]);
  const cosines = reshape(gemm(own, queue, null, { transB: true }), [stack.levels, batch, length]);
  // Divided after the product, as the normalizer's logits are: both round alike even at a small temperature.
  const similarity = div(cosines, gather(stack.temperatures, row));
  const perKey = reshape(transpose(queueNormalizer as Value, [1, 0]), [stack.levels, 1, length]);
  return cast(less(exp(sub(similarity, perKey)), sub(1, draws.instance)), "float32");
}

/** ICSC [L, B, 1]; unit rows keep every logit within ±1/τ, so 1/τ is the shift. */
function instanceTerms({ temperature }: LossSettings, v: Value, k: Value, queue: Value, mask: Value): Value {
  const shift = constant([-1 / temperature], [1]);
  const each = exp(apply("Gemm", [v, queue, shift], { alpha: 1 / temperature, transB: 1 })); // [B, Q]
  const own = sub(rowDot(v, mul(k, 1 / temperature)), 1 / temperature); // [B, 1]
  const others = sum(mul(mask, each), [2], true); // [L, B, 1]
  return sub(log(add(others, exp(own))), own);
}

/**
 * softmax_c s(c_j, c)[Parent(c^l(z))] of every prototype [L, B, W]: 0 at the top level and of the own prototypes, which all are
 * kept; ∞ where there is no prototype.
 */
function prototypeShare(stack: Stack, { row, own }: Anchors): Value {
  const parent = gather(stack.parents, row);
  const [dimension, batch] = [stack.rows.shape[1] as number, row.shape[1] as number];
  const prototypes = reshape(gather(stack.rows, parent), [stack.levels, batch, dimension]);
  const similarity = div(matMul(prototypes, stack.columns), gather(stack.temperatures, parent));
  return where(own, 0, exp(sub(similarity, stack.normalizers)));
}

/** PCSC [L, B, 1], and which prototypes count, the own among them: bool [L, B, W]. */
function prototypeTerms(
  stack: Stack,
  { own }: Anchors,
  share: Value,
  v: Value,
  draws: Value,
): { readonly losses: Value; readonly kept: Value } {
  const kept = less(share, sub(1, draws)); // as draw < 1 − share
  return { losses: crossEntropyAmong(similarities(stack, v), kept, own), kept };
}

/** Of the candidates, all prototypes but the own, the share that is kept: [L]. */
function keptShare({ others }: Stack, kept: Value): Value {
  const each = 1 / (kept.shape[1] as number);
  return div(sub(sum(where(kept, each, 0), [1, 2]), 1), others);
}

/** ln Σ_c e^{s(z, c)} of rows at every level: [B, L]. As of `CrossEntropyAmong`, of the largest share. */
function normalizer(stack: Stack, rows: Value): Value {
  const logits = logitsOf(stack, rows);
  return transpose(sub(max(logits, [2]), log(max(softmax(logits), [2]))), [1, 0]);
}
