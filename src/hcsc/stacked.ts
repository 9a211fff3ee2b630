/**
 * The combined loss of the paper with all levels at once, for devices, where every op costs a launch: what `loss.ts` does level
 * by level is done to stacks [levels, rows, prototypes], prototypes padded to the largest level. The same method: a test holds
 * both forms to the same numbers. Rows of the queue and prototypes are kept by the same draws.
 */
import {
  add,
  apply,
  argMax,
  type Constant,
  cast,
  concat,
  constant,
  div,
  equal,
  exp,
  gather,
  gemm,
  less,
  log,
  matMul,
  max,
  maximum,
  mean,
  mul,
  reshape,
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

const absent = -1e30;

/** Whether the loss has a stacked form: the paper's, with both selections for every view, and several levels. */
export const canStack = (s: LossSettings, { views, levels }: Pick<LossInputs, "views" | "levels">): boolean =>
  rulesOf(s.variant).stacks &&
  s.instanceSelection &&
  s.prototypeSelection &&
  (s.selectionOnLocal || views.length === 1) &&
  levels.length > 1;

/** The loss of `hcscLoss`, all levels in one stack: the same numbers in fewer ops. Only where `canStack` says so. */
export function stackedLoss(settings: LossSettings, inputs: LossInputs): StepLoss {
  const { views, keys, queue, draws } = inputs;
  const stack = stackOf(inputs);
  const anchors = anchorsOf(stack, views[0]);
  const queueMask = instanceMask(stack, anchors, inputs);
  const instance = views.map((v) => instanceTerms(settings, v, keys, queue, queueMask)); // each [L]
  const share = prototypeShare(stack, anchors, inputs);
  const prototype = views.map((v, i) => prototypeTerms(stack, anchors, share, v, draws.prototype[i]));
  const levels = stack.levels;
  const locals = instance.slice(1);
  const byLevel = locals.length > 0 ? [reshape(transpose(reshape(concat(locals, 0), [-1, levels]), [1, 0]), [-1])] : [];
  const terms = concat([instance[0], ...byLevel, ...prototype.map((p) => p.losses)], 0);
  return {
    total: mul(sum(terms), 1 / levels),
    terms,
    instanceKept: mean(queueMask, [1, 2]),
    prototypeKept: keptShare(stack, prototype[0].kept),
    keyNormalizer: normalizer(stack, keys),
  };
}

/** All levels' prototypes: the rows of one matrix, and a stack padded to the largest level. */
interface Stack {
  readonly levels: number;
  readonly sizes: readonly number[];
  /** The largest level's. */
  readonly width: number;
  /** [ΣM, D] and [ΣM] */
  readonly rows: Value;
  readonly temperatures: Value;
  /** [L, D, width] and [L, 1, width] */
  readonly transposed: Value;
  readonly temperature: Value;
  /** How many rows of each level are prototypes [L, 1, 1], and which: bool [L, 1, width]. */
  readonly counts: Value;
  readonly active: Value;
}

/** Where a level's rows begin among all. */
const starts = (sizes: readonly number[]): readonly number[] =>
  sizes.map((_, l) => sizes.slice(0, l).reduce((a, b) => a + b, 0));

/** For each level and place of the stack the row among all, or `otherwise(level)` where there is none. */
function places(
  { sizes, width }: Pick<Stack, "sizes" | "width">,
  otherwise: (level: number) => number,
  used = sizes,
): Constant {
  const from = starts(sizes);
  const all = sizes.flatMap((_, l) =>
    Array.from({ length: width }, (_, i) => (l < used.length && i < sizes[l] ? from[l] + i : otherwise(l))),
  );
  return constant(all, [sizes.length, 1, width], "int64");
}

/** The same as [L, width], for rows of several elements. */
const flatPlaces = (stack: Pick<Stack, "sizes" | "width">, used = stack.sizes): Value => {
  const at = places(stack, () => 0, used);
  return constant(at.source.data, [stack.sizes.length, stack.width], "int64");
};

const countUp = (count: number): Value =>
  constant(
    Float32Array.from({ length: count }, (_, i) => i),
    [count],
  );

/** A scalar of each level: [L, 1, 1]. */
const byLevel = (scalars: readonly Value[]): Value =>
  scalars.reduceRight((after, x, l) => {
    const isOwn = constant(
      Uint8Array.from(scalars, (_, i) => Number(i === l)),
      [scalars.length, 1, 1],
      "bool",
    );
    return where(isOwn, x, after);
  });

function stackOf({ levels }: Pick<LossInputs, "levels">): Stack {
  const sizes = levels.map((level) => level.prototypes.shape[0] as number);
  const width = Math.max(...sizes);
  const at = places({ sizes, width }, () => 0);
  const rows = concat(
    levels.map((level) => level.prototypes),
    0,
  );
  const temperatures = concat(
    levels.map((level) => level.temperature),
    0,
  );
  const counts = byLevel(levels.map((level) => level.count));
  return {
    levels: levels.length,
    sizes,
    width,
    rows,
    temperatures,
    transposed: transpose(gather(rows, flatPlaces({ sizes, width })), [0, 2, 1]),
    temperature: gather(temperatures, at),
    counts,
    active: less(countUp(width), counts),
  };
}

/** v·c/τ_c of every place of the stack: [L, B, width]. */
const similarities = (stack: Stack, v: Value): Value => div(matMul(v, stack.transposed), stack.temperature);

/** The same, −10³⁰ where there is no prototype. */
const logitsOf = (stack: Stack, v: Value): Value => where(stack.active, similarities(stack, v), absent);

/** Each query's own prototypes, the most similar of each level. */
interface Anchors {
  /** Rows among all, int64 [L, B, 1]. */
  readonly row: Value;
  /** bool [L, B, width] */
  readonly own: Value;
}

function anchorsOf(stack: Stack, query: Value): Anchors {
  const positive = argMax(logitsOf(stack, stopGradient(query)), 2, true); // [L, B, 1]
  const place = gather(countUp(stack.width), positive);
  const start = constant([...starts(stack.sizes)], [stack.levels, 1, 1]);
  return { row: cast(add(place, start), "int64"), own: equal(countUp(stack.width), place) };
}

/** Keeps z_j at level l with probability 1 − softmax_c s(z_j, c)[c^l(z)]: float 0/1 [L, B, Q]. */
function instanceMask(stack: Stack, { row }: Anchors, { queue, queueNormalizer, draws }: LossInputs): Value {
  const [length, dimension] = queue.shape as readonly number[];
  const batch = row.shape[1] as number;
  const own = reshape(gather(stack.rows, row), [stack.levels * batch, dimension]);
  const cosines = reshape(gemm(own, queue, null, { transB: true }), [stack.levels, batch, length]);
  // Divided after the product, as the normalizer's logits are: both round alike even at a small temperature.
  const similarity = div(cosines, gather(stack.temperatures, row));
  const perKey = reshape(transpose(queueNormalizer as Value, [1, 0]), [stack.levels, 1, length]);
  const rest = transpose(sub(1, draws.instance as Value), [1, 0, 2]);
  return cast(less(exp(sub(similarity, perKey)), rest), "float32");
}

/** ICSC by level [L]; unit rows keep every logit within ±1/τ, so 1/τ is the shift. */
function instanceTerms({ temperature }: LossSettings, v: Value, k: Value, queue: Value, mask: Value): Value {
  const shift = constant([-1 / temperature], [1]);
  const each = exp(apply("Gemm", [v, queue, shift], { alpha: 1 / temperature, transB: 1 })); // [B, Q]
  const own = sub(rowDot(v, mul(k, 1 / temperature)), 1 / temperature); // [B, 1]
  const others = sum(mul(mask, each), [2], true); // [L, B, 1]
  return mean(sub(log(add(others, exp(own))), own), [1, 2]);
}

/**
 * softmax_c s(c_j, c)[Parent(c^l(z))] of every prototype [L, B, width]: 0 at the top level and of the own prototypes, which all are
 * kept; ∞ where there is no prototype.
 */
function prototypeShare(stack: Stack, { row, own }: Anchors, { levels }: LossInputs): Value {
  const below = levels.slice(0, -1);
  const from = starts(stack.sizes);
  const [top] = stack.sizes.slice(-1);
  const shift = stack.sizes.flatMap((m, l) => Array<number>(m).fill(from[l + 1] ?? 0));
  const parents = concat(
    [...below.map((b) => b.parent as Value), constant(Array<number>(top).fill(0), [top], "int32")],
    0,
  );
  const parent = gather(add(parents, constant(shift, [shift.length], "int32")), row);
  const [dimension, batch] = [stack.rows.shape[1] as number, row.shape[1] as number];
  const prototypes = reshape(gather(stack.rows, parent), [stack.levels, batch, dimension]);
  const similarity = div(matMul(prototypes, stack.transposed), gather(stack.temperatures, parent));
  const known = from[stack.levels - 1];
  const normalizers = concat([...below.map((b) => b.normalizer as Value), constant([-absent], [1])], 0);
  const at = places(stack, (l) => (l < below.length ? 0 : known), stack.sizes.slice(0, -1));
  const normalizer = where(stack.active, gather(normalizers, at), absent);
  return where(own, 0, exp(sub(similarity, normalizer)));
}

/** PCSC by level [L], and which prototypes count, the own among them: bool [L, B, width]. */
function prototypeTerms(
  stack: Stack,
  { own }: Anchors,
  share: Value,
  v: Value,
  draws: readonly Value[],
): { readonly losses: Value; readonly kept: Value } {
  const at = flatPlaces(stack, stack.sizes.slice(0, -1));
  const rest = transpose(gather(sub(1, concat(draws, 1)), at, 1), [1, 0, 2]);
  const kept = less(share, rest); // as draw < 1 − share
  const logits = where(kept, similarities(stack, v), absent);
  const shifted = sub(logits, stopGradient(max(logits, [2], true)));
  const total = log(sum(exp(shifted), [2], true));
  const positive = sum(where(own, shifted, 0), [2], true);
  return { losses: mean(sub(total, positive), [1, 2]), kept };
}

/** Of the candidates, all prototypes but the own, the share that is kept: [L]. */
function keptShare({ counts }: Stack, kept: Value): Value {
  const others = sub(sum(cast(kept, "float32"), [2], true), 1); // [L, B, 1]
  return mean(div(others, maximum(sub(counts, 1), 1)), [1, 2]);
}

/** ln Σ_c e^{s(z, c)} of rows at every level: [B, L]. */
function normalizer(stack: Stack, rows: Value): Value {
  const logits = logitsOf(stack, rows);
  const shift = max(logits, [2], true);
  const sums = add(log(sum(exp(sub(logits, shift)), [2], true)), shift); // [L, B, 1]
  return reshape(transpose(sums, [1, 0, 2]), [rows.shape[0] as number, stack.levels]);
}
