/** What is trained on top of a backbone, and left behind after: heads by name. Each gives rows of unit length. */
import { relu, unitRows, type Value } from "../graph/index.js";
import { batchNorm } from "./batchNorm.js";
import { linear } from "./layers.js";
import type { Scope } from "./parameters.js";

/** @param features - [batch, width] of the backbone @returns unit rows [batch, dimension] */
type Head = (scope: Scope, features: Value, dimension: number) => Value;

const widthOf = (features: Value): number => features.shape[1] as number;

/** The heads by name: rows of features to unit rows of the embedding. */
export const heads = {
  /** HCSC's: Linear, ReLU, Linear. */
  mlp: (scope, features, dimension) =>
    scope.at("fc", (fc) => {
      const hidden = relu(fc.at("0", (s) => linear(s, features, widthOf(features))));
      return unitRows(fc.at("2", (s) => linear(s, hidden, dimension)));
    }),
  /** As MoCo v3's (Chen et al. 2021) for transformers: no biases, BatchNorm after each layer, the last without weights of its own. */
  "mlp-bn": (scope, features, dimension) =>
    scope.at("fc", (fc) => {
      const first = fc.at("0", (s) => linear(s, features, widthOf(features), { bias: false }));
      const hidden = relu(fc.at("1", (s) => batchNorm(s, first)));
      const second = fc.at("3", (s) => linear(s, hidden, dimension, { bias: false }));
      return unitRows(fc.at("4", (s) => batchNorm(s, second, { affine: false })));
    }),
} as const satisfies Readonly<Record<string, Head>>;

/** Names of the heads. */
export type HeadName = keyof typeof heads;
