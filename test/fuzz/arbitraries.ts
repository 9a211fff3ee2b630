/** For every op of the builder, how cases of it are drawn; the compiler sees to it that none is left out. */
import fc from "fast-check";
import type { OpType } from "../../src/graph/index.js";
import { type Application, type Case, hasGradient } from "./case.js";
import { elementwise } from "./elementwise.js";
import { indexing, layout } from "./layout.js";
import { normalization } from "./normalization.js";
import { products } from "./products.js";
import { reductions } from "./reductions.js";
import { decision, type Take } from "./take.js";
import { windows } from "./windows.js";

type Draws = (take: Take) => Application;

/** An op that is met in the graphs of another's gradient only. */
const through = (op: OpType) => ({ through: op });

const draws: { readonly [K in OpType]: Draws | ReturnType<typeof through> } = {
  ...elementwise,
  ...reductions,
  ...products,
  ...windows,
  ...normalization,
  ...layout,
  ...indexing,
  ConvGradInput: through("Conv"),
  ConvGradWeight: through("Conv"),
  MaxPoolGrad: through("MaxPool"),
  BatchNormGrad: through("BatchNormTrain"),
};

/** The ops that are met through another, with that other. */
export const indirect: readonly (readonly [OpType, OpType])[] = Object.entries(draws).flatMap(([op, d]) =>
  typeof d === "function" ? [] : [[op as OpType, d.through] as const],
);

export const drawnOps = Object.keys(draws).filter((op) => typeof draws[op as OpType] === "function") as OpType[];

/** Cases of an op; where it has a gradient rule, two in three with its gradients. */
export function casesOf(op: OpType): fc.Arbitrary<Case> {
  const draw = draws[op] as Draws;
  return fc.gen().map((given) => {
    const take: Take = (below) => (below <= 1 ? 0 : given(decision, below));
    const seed = take(1000);
    const wanted = hasGradient(op) && take(3) > 0;
    const application = draw(take);
    return { op, ...application, differentiated: wanted && !application.withoutRule, seed };
  });
}

/** The cases that a seed draws of an op. The `i`-th alone, and what it shrinks to: `fc.check` with the path `i`. */
export const sampled = (op: OpType, seed: number, count: number): readonly Case[] =>
  fc.sample(casesOf(op), { seed, numRuns: count });
