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

/** What every optimizer is told. */
interface Common {
  readonly weightDecay: number;
  /** Largest norm of all gradients together; null: not clipped. */
  readonly clipNorm: number | null;
}

interface Decayed extends Common {
  /** Leaves biases and norms (tensors of one dimension) without weight decay. */
  readonly excludeVectors: boolean;
}

interface Sgd extends Decayed {
  readonly nesterov: boolean;
}

interface Adam extends Decayed {
  readonly beta2: number;
  readonly epsilon: number;
}

/** LARS never decays or adapts biases and norms. */
interface Lars extends Common {
  /** The share η of ‖θ‖ that a step may move. */
  readonly trust: number;
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

interface Optimizer<S> {
  make(settings: S, rates: Rates): Transform;
  /** What it keeps for every parameter. */
  readonly slots: readonly string[];
}

const decay = (s: Decayed): Transform => {
  const link = addDecayedWeights(s.weightDecay);
  return s.excludeVectors ? only(isMatrix, link) : link;
};

const optimizers = {
  /** g + wd·θ; trace; rate outside the trace (PyTorch's form). */
  sgd: {
    make: (s: Sgd, r) => chain(decay(s), trace(r.momentum, s.nesterov), scaleBy(r.learningRate)),
    slots: ["momentum"],
  },
  /** Decoupled weight decay (Loshchilov and Hutter 2019): θ shrinks by rate·wd apart from Adam's step. */
  adamw: {
    make: (s: Adam, r) => chain(scaleByAdam(r.momentum, s.beta2, s.epsilon, r.step), decay(s), scaleBy(r.learningRate)),
    slots: ["mean", "square"],
  },
  /** You et al. 2017: the rate inside the trace. */
  lars: {
    make: (s: Lars, r) =>
      chain(only(isMatrix, layerwiseAdaptiveRate(s.trust, s.weightDecay)), scaleBy(r.learningRate), trace(r.momentum)),
    slots: ["momentum"],
  },
  /** The `LARS` class of the authors' utilities: the rate outside the trace. */
  "lars-reference": {
    make: (s: Lars, r) =>
      chain(
        only(isMatrix, chain(addDecayedWeights(s.weightDecay), scaleByTrustRatio(s.trust))),
        trace(r.momentum),
        scaleBy(r.learningRate),
      ),
    slots: ["momentum"],
  },
} as const satisfies Record<string, Optimizer<never>>;

type Optimizers = typeof optimizers;
/** Names of the optimizers. */
export type OptimizerKind = keyof Optimizers;

/** What the optimizer of a kind is told. */
type SettingsOf<K extends OptimizerKind> = { readonly kind: K } & Parameters<Optimizers[K]["make"]>[0];

/** An optimizer: its kind, and what that kind is told. */
export type OptimizerSettings = { readonly [K in OptimizerKind]: SettingsOf<K> }[OptimizerKind];

/** Names of the optimizers, as a list. */
export const optimizerKinds = Object.keys(optimizers) as [OptimizerKind, ...OptimizerKind[]];

/** The slots that each kind keeps for every parameter. */
export const slotNames = Object.fromEntries<readonly string[]>(
  Object.entries(optimizers).map(([kind, { slots }]) => [kind, slots]),
) as Readonly<Record<OptimizerKind, readonly string[]>>;

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
  const optimizer: Optimizer<never> = optimizers[settings.kind];
  const transform = optimizer.make(settings as never, rates);
  const factor = settings.clipNorm === null ? null : clipFactor(gradients, settings.clipNorm);
  return parameters.map((p, i) =>
    sub(p.value, transform(factor ? mul(gradients[i], factor) : gradients[i], p, slotsOf(p))),
  );
}
