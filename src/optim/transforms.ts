/**
 * Optimizers as chains of small pure transforms of a gradient, in graph ops (the form of optax). What a transform remembers
 * between steps is a slot: a state tensor of the parameter's shape that starts at zero.
 */
import {
  add,
  and,
  cast,
  clip,
  div,
  equal,
  greater,
  maximum,
  mul,
  pow,
  sqrt,
  sub,
  sum,
  sumOfSquares,
  type Value,
  where,
} from "../graph/index.js";

/** One trainable tensor in an update. */
export interface Parameter {
  readonly name: string;
  readonly value: Value;
  /** The tensor's number of dimensions: biases and norms have one. */
  readonly rank: number;
}

/** The slots of one parameter: reading gives last step's value, writing sets this step's. */
export interface Slots {
  read(name: string): Value;
  write(name: string, value: Value): void;
}

/** Turns one gradient, or what the links before made of it, into an update. */
export type Transform = (update: Value, parameter: Parameter, slots: Slots) => Value;

export const chain =
  (...links: readonly Transform[]): Transform =>
  (update, parameter, slots) =>
    links.reduce((u, link) => link(u, parameter, slots), update);

/** Applies `link` only to the parameters that `applies` picks. */
export const only =
  (applies: (parameter: Parameter) => boolean, link: Transform): Transform =>
  (update, parameter, slots) =>
    applies(parameter) ? link(update, parameter, slots) : update;

/** u + decay·θ */
export const addDecayedWeights =
  (decay: number): Transform =>
  (u, p) =>
    decay === 0 ? u : add(u, mul(p.value, decay));

/** The trace t ← momentum·t + u; gives t, or u + momentum·t (Nesterov). The first trace is u, as the slot starts at 0. */
export const trace =
  (momentum: Value, nesterov = false): Transform =>
  (u, _, slots) => {
    const next = add(mul(slots.read("momentum"), momentum), u);
    slots.write("momentum", next);
    return nesterov ? add(u, mul(next, momentum)) : next;
  };

/** rate·u */
export const scaleBy =
  (rate: Value | number): Transform =>
  (u) =>
    mul(u, rate);

/** u·trust·‖θ‖/‖u‖, unscaled where either norm is 0 (LARS, the authors' form). */
export const scaleByTrustRatio =
  (trust: number): Transform =>
  (u, p) => {
    const [weight, size] = [norm(p.value), norm(u)];
    return mul(u, ratioOrOne(mul(weight, trust), size, and(greater(weight, 0), greater(size, 0))));
  };

/** (g + decay·θ)·trust·‖θ‖ / (‖g‖ + decay·‖θ‖) (You et al. 2017, eq. 6), unscaled where θ or the divisor is 0. */
export const layerwiseAdaptiveRate =
  (trust: number, decay: number): Transform =>
  (g, p, slots) => {
    const [weight, size] = [norm(p.value), norm(g)];
    const divisor = add(size, mul(weight, decay));
    const rate = ratioOrOne(mul(weight, trust), divisor, and(greater(weight, 0), greater(divisor, 0)));
    return mul(addDecayedWeights(decay)(g, p, slots), rate);
  };

/** m̂/(√v̂ + ε) of Adam (Kingma and Ba 2015); `step` counts from 1. */
export const scaleByAdam =
  (beta1: Value, beta2: number, epsilon: number, step: Value): Transform =>
  (g, _, slots) => {
    const first = add(mul(slots.read("mean"), beta1), mul(g, sub(1, beta1)));
    const second = add(mul(slots.read("square"), beta2), mul(mul(g, g), 1 - beta2));
    slots.write("mean", first);
    slots.write("square", second);
    const unbiased = (v: Value, beta: Value | number) => div(v, sub(1, pow(beta, step)));
    return div(unbiased(first, beta1), add(sqrt(unbiased(second, beta2)), epsilon));
  };

/** Factor min(1, limit/‖all gradients‖), by which each gradient is multiplied (Pascanu et al. 2013). */
export function clipFactor(gradients: readonly Value[], limit: number): Value {
  return clip(div(limit, maximum(globalNorm(gradients), 1e-12)), null, 1);
}

/** ‖·‖₂ over all tensors together. */
export function globalNorm(tensors: readonly Value[]): Value {
  return sqrt(sumOfSquares(tensors));
}

const norm = (x: Value): Value => sqrt(sum(mul(x, x)));

function ratioOrOne(numerator: Value, denominator: Value, valid: Value): Value {
  return where(valid, div(numerator, where(equal(cast(valid, "float32"), 0), 1, denominator)), 1);
}
