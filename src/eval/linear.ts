/**
 * A linear classifier on frozen features by L-BFGS: multinomial logistic regression, or one against the rest for each of
 * several labels, its strength of regularisation chosen on a part of the training images that is held back. The objective is
 * scikit-learn's: C·Σ cross-entropy + ½‖W‖², the bias left free.
 */
import { DataError } from "../errors.js";
import { heldOut } from "../heldOut.js";
import { alone, countsOf, gatherAll, sumOf, type World } from "../world/index.js";
import { classScores, type LinearClassifier, precisions, rightShares } from "./classification.js";
import { minimise, type Objective } from "./lbfgs.js";
import { type Examples, examplesOf, type Targets } from "./targets.js";

/**
 * Mean over images of the targets' loss + decay/2·‖W‖² of a classifier on features, with its gradient: of W [classes, width]
 * then the bias [classes], in one vector. Injected, so that a graph computes it.
 */
export type LogisticObjective = (examples: Examples, decay: number) => Promise<Objective>;

/** How a linear classifier is fitted. */
export interface LinearOptions {
  readonly objective: LogisticObjective;
  /** Values of C tried; one alone is taken as it is. */
  readonly strengths: readonly number[];
  /** Of the part held back. */
  readonly seed: number;
  /** The processes that hold the examples, each consecutive rows, process 0 the first; default: this one alone. */
  readonly world?: World | undefined;
}

/** A linear classifier that was fitted. */
export interface LinearFit {
  readonly classifier: LinearClassifier;
  /** scikit-learn's C. */
  readonly strength: number;
  readonly iterations: number;
  readonly converged: boolean;
  /** Percent on the part held back, of every strength tried: top-1, or mean average precision (all points). */
  readonly tried: readonly { readonly strength: number; readonly score: number }[];
}

/** The share of the images that is held back to choose the strength. */
const heldBack = 1 / 5;

/** How good scores are, in percent, by kind of target. */
const quality: {
  readonly [K in Targets["kind"]]: (e: Examples<Targets & { kind: K }>, c: LinearClassifier, world: World) => number;
} = {
  single: ({ features, targets }, classifier, world) =>
    rightShares(classScores(classifier, features), targets.labels, world).top1,
  several: ({ features, targets }, classifier, world) =>
    precisions(classScores(classifier, features), targets.shown, world).allPoint,
};

/**
 * Fits on `train`, of several processes on that of all: each sums over its own.
 *
 * @throws DataError if there is one class only
 */
export async function fitLinear(
  train: Examples,
  { objective, strengths, seed, world = alone }: LinearOptions,
): Promise<LinearFit> {
  const { targets } = train;
  const labels = targets.kind === "single" ? gatherAll(world, targets.labels) : null;
  if (labels && new Set(labels).size < 2)
    throw new DataError("too-few", "a linear classifier needs training images of two classes at least");
  const tried: { strength: number; score: number }[] = [];
  if (strengths.length > 1) {
    const own = train.features.shape[0];
    const { from, count } = countsOf(world, own);
    const parts = heldOut(count, labels, heldBack, seed);
    const ownOf = (rows: Int32Array) => rows.filter((i) => i >= from && i < from + own).map((i) => i - from);
    const [held, kept] = [parts.held, parts.rest].map((rows) => examplesOf(train, ownOf(rows)));
    const measure = quality[targets.kind] as (of: Examples, classifier: LinearClassifier, world: World) => number;
    for (const strength of strengths) {
      const { classifier } = await fitAt(kept, strength, objective, world);
      tried.push({ strength, score: measure(held, classifier, world) });
    }
  }
  const best = tried.reduce((a, b) => (b.score > a.score ? b : a), tried[0] ?? { strength: strengths[0] });
  return { ...(await fitAt(train, best.strength, objective, world)), tried };
}

async function fitAt(
  examples: Examples,
  strength: number,
  objective: LogisticObjective,
  world: World,
): Promise<Omit<LinearFit, "tried">> {
  const { features, targets } = examples;
  const [own, width] = features.shape;
  const { classes } = targets;
  const count = sumOf(world, own);
  const f = meanOver(world, own / count, await objective(examples, 1 / (strength * count)));
  const { x, iterations, converged } = await minimise(f, new Float64Array(classes * (width + 1)));
  return { classifier: { parameters: x, classes }, strength, iterations, converged };
}

/** The mean of all processes' objectives. @param share - of all examples, those of this one */
const meanOver = (world: World, share: number, own: Objective): Objective =>
  world.size === 1
    ? own
    : async (x) => {
        const sums = new Float64Array(1 + x.length);
        if (share > 0) {
          const { value, gradient } = await own(x);
          sums[0] = share * value;
          for (const [i, g] of gradient.entries()) sums[1 + i] = share * g;
        }
        world.reduce("sum", sums);
        return { value: sums[0], gradient: sums.subarray(1) };
      };
