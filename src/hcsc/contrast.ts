/** The contrastive terms: −log of the positive's share among itself and the kept negatives. */
import {
  add,
  div,
  exp,
  gemm,
  greater,
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
  type Value,
  where,
} from "../graph/index.js";
import { rowDot } from "../nn/index.js";
import type { Variant, variants } from "../variants.js";

/** A kept negative counts e^s; one that is not leaves the sum or stays as e^0. */
type Dropped = (typeof variants)[Variant]["dropped"];

/**
 * Instance-wise contrast of v against its key and the queue, under one mask or several (ICSC, eq. 6; without masks, InfoNCE).
 * All masks share one exponential: unit rows keep every logit within ±1/τ, so 1/τ is the shift and no row maximum is needed.
 *
 * @param v - embeddings [B, D], unit rows
 * @param k - their keys [B, D], unit rows; no gradient
 * @param queue - [Q, D], unit rows
 * @param masks - float 0/1 [B, L, Q]: which keys stay negatives; null keeps all
 * @param temperature - τ ≥ 0.025, so that e^(−2/τ) is a float32
 * @returns the batch mean of each mask's loss: [L], or [1] without masks
 */
export function instanceContrast(
  v: Value,
  k: Value,
  queue: Value,
  masks: Value | null,
  temperature: number,
  dropped: Dropped,
): Value {
  const shifted = (cosine: Value) => mul(sub(cosine, 1), 1 / temperature);
  const own = shifted(rowDot(v, k)); // [B, 1]
  const each = exp(shifted(gemm(v, queue, null, { transB: true }))); // [B, Q]
  let others: Value; // [B, L]
  if (masks) {
    const [batch, levels, length] = masks.shape as readonly number[];
    others = reshape(matMul(masks, reshape(each, [batch, length, 1])), [batch, levels]);
    if (dropped === "zeroed") others = add(others, mul(sub(length, sum(masks, [2])), Math.exp(-1 / temperature)));
  } else {
    others = sum(each, [1], true);
  }
  return mean(sub(log(add(others, exp(own))), own), [0]);
}

/**
 * Prototype contrast of v at one level (PCSC, eq. 8). Temperatures may be small, so the row maximum is the shift.
 *
 * @param logits - v·c/τ_c of every prototype [B, M]
 * @param own - that of each row's positive [B, 1]
 * @param candidates - bool [B, M] or [1, M]: prototypes that may be negatives
 * @param kept - float 0/1 [B, M]: those that selection keeps; null keeps all
 * @returns the batch mean, a scalar
 */
export function prototypeContrast(
  logits: Value,
  own: Value,
  candidates: Value,
  kept: Value | null,
  dropped: Dropped,
): Value {
  const absent = -1e30;
  let others: Value;
  if (!kept) others = where(candidates, logits, absent);
  else if (dropped === "zeroed") others = where(candidates, mul(logits, kept), absent);
  else others = where(candidates, where(greater(kept, 0), logits, absent), absent);
  const shift = stopGradient(maximum(own, max(others, [1], true)));
  const total = add(exp(sub(own, shift)), sum(exp(sub(others, shift)), [1], true));
  return mean(sub(add(log(total), shift), own));
}

/** ln Σ_c e^(x·c/τ_c) over a level's prototypes: what selection divides by. `active`: bool [1, M], false for padding. */
export function logNormalizer(rows: Value, prototypes: Value, temperature: Value, active: Value): Value {
  const logits = where(active, div(gemm(rows, prototypes, null, { transB: true }), temperature), -1e30);
  const shift = max(logits, [1], true);
  return add(log(sum(exp(sub(logits, shift)), [1], true)), shift); // [rows, 1]
}
