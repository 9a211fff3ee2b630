/** The optimizers by name, as chains of transforms. Rates and momenta are graph inputs, so that a schedule can move them. */
import { mul, sub, type Value } from "../graph/index.js";
import {
  addDecayedWeights,
  chain,
  clipFactor,
  layerwiseAdaptiveRate,
  only,
  type Parameter,
  type Slots,
  scaleBy,
  scaleByAdam,
  scaleByTrustRatio,
  type Transform,
  trace,
} from "./transforms.js";

/** What an optimizer is told. Fields that a kind does not use are ignored by it. */
export interface OptimizerSettings {
  readonly kind: OptimizerKind;
  readonly weightDecay: number;
  readonly nesterov: boolean;
  /** Leaves biases and norms (tensors of one dimension) without weight decay. LARS never decays or adapts them. */
  readonly excludeVectors: boolean;
  /** Adam's second decay and ε. */
  readonly beta2: number;
  readonly epsilon: number;
  /** LARS: the share η of ‖θ‖ that a step may move. */
  readonly trust: number;
  /** Largest norm of all gradients together; null: not clipped. */
  readonly clipNorm: number | null;
}

/** Scalar graph inputs of an update. */
export interface Rates {
  readonly learningRate: Value;
  /** SGD's and LARS's momentum, Adam's β₁. */
  readonly momentum: Value;
  /** The number of this update, from 1. */
  readonly step: Value;
}

const isMatrix = (p: Parameter): boolean => p.rank > 1;

type Make = (s: OptimizerSettings, rates: Rates) => Transform;

const decay = (s: OptimizerSettings): Transform => {
  const link = addDecayedWeights(s.weightDecay);
  return s.excludeVectors ? only(isMatrix, link) : link;
};

const makers = {
  /** g + wd·θ; trace; rate outside the trace (PyTorch's form). */
  sgd: (s, r) => chain(decay(s), trace(r.momentum, s.nesterov), scaleBy(r.learningRate)),
  /** Decoupled weight decay (Loshchilov and Hutter 2019): θ shrinks by rate·wd apart from Adam's step. */
  adamw: (s, r) => chain(scaleByAdam(r.momentum, s.beta2, s.epsilon, r.step), decay(s), scaleBy(r.learningRate)),
  /** You et al. 2017: the rate inside the trace. */
  lars: (s, r) =>
    chain(only(isMatrix, layerwiseAdaptiveRate(s.trust, s.weightDecay)), scaleBy(r.learningRate), trace(r.momentum)),
  /** The `LARS` class of the authors' utilities: the rate outside the trace. */
  "lars-reference": (s, r) =>
    chain(
      only(isMatrix, chain(addDecayedWeights(s.weightDecay), scaleByTrustRatio(s.trust))),
      trace(r.momentum),
      scaleBy(r.learningRate),
    ),
} as const satisfies Record<string, Make>;

export type OptimizerKind = keyof typeof makers;
export const optimizerKinds = Object.keys(makers) as [OptimizerKind, ...OptimizerKind[]];

/** The slots that each kind keeps for every parameter. */
export const slotNames: Readonly<Record<OptimizerKind, readonly string[]>> = {
  sgd: ["momentum"],
  adamw: ["mean", "square"],
  lars: ["momentum"],
  "lars-reference": ["momentum"],
};

/**
 * The parameters after one update.
 *
 * @param gradients - one for each parameter, of its shape
 * @param slotsOf - the slots of a parameter
 * @returns the new values, in order
 */
export function applyUpdates(
  settings: OptimizerSettings,
  rates: Rates,
  parameters: readonly Parameter[],
  gradients: readonly Value[],
  slotsOf: (parameter: Parameter) => Slots,
): readonly Value[] {
  const transform: Transform = makers[settings.kind](settings, rates);
  const factor = settings.clipNorm === null ? null : clipFactor(gradients, settings.clipNorm);
  return parameters.map((p, i) =>
    sub(p.value, transform(factor ? mul(gradients[i], factor) : gradients[i], p, slotsOf(p))),
  );
}
