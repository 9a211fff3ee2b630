/**
 * Vision transformers (Dosovitskiy et al. 2021) with timm's parameter names: patches as tokens, a class token whose last state is
 * the features, blocks that normalise before attention and before their MLP. As in MoCo v3 (Chen et al. 2021) the patch embedding
 * is frozen as it starts, which keeps training stable, and so are the positions, sines and cosines.
 */
import {
  add,
  constant,
  conv,
  gelu,
  gemm,
  layerNorm,
  matMul,
  pad,
  reshape,
  slice,
  softmax,
  split,
  transpose,
  type Value,
} from "../graph/index.js";
import type { Backbone, BackboneSettings } from "./backbone.js";
import { channels } from "./layers.js";
import type { Initial, Scope } from "./parameters.js";
import { resampling, sineCosine } from "./positions.js";

/** What makes a vision transformer. */
export interface ViT {
  /** Side of a patch in pixels. */
  readonly patch: number;
  readonly heads: number;
  readonly depth: number;
  /** Width of a head at a width of 1; default 64. */
  readonly headWidth?: number;
}

const zero: Initial = { kind: "constant", value: 0 };

/** Uniform with the variance of Glorot and Bengio 2010. */
const glorot = (inputs: number, outputs: number): Initial => ({
  kind: "uniform",
  bound: Math.sqrt(6 / (inputs + outputs)),
});

/** The network as a backbone; `width` changes the heads' width, by whole fours. */
export function vit(
  { patch, heads, depth, headWidth = 64 }: ViT,
  { width: factor, imageSize }: BackboneSettings,
): Backbone {
  const own = 4 * Math.max(1, Math.round((headWidth * factor) / 4));
  const width = heads * own;
  return {
    featureWidth: width,
    sideMultiple: patch,
    heads,
    features(scope, x) {
      const patches = embedded(scope, x, patch, width);
      const tokens = (patches.shape[1] as number) + 1;
      const table = positions(scope, imageSize / patch, (x.shape[2] as number) / patch, width);
      let y = reshape(add(pad(patches, [0, 1, 0, 0, 0, 0]), table), [-1, width]);
      y = scope.at("blocks", (blocks) => {
        let z = y;
        for (let i = 0; i < depth; i++) z = blocks.at(`${i}`, (s) => block(s, z, tokens, heads, own));
        return z;
      });
      const first = reshape(slice(reshape(y, [-1, tokens, width]), 1, 0, 1), [-1, width]);
      return scope.at("norm", (s) => norm(s, first));
    },
  };
}

/** Patches as rows [batch, patches, width]. */
function embedded(scope: Scope, x: Value, patch: number, width: number): Value {
  const inputs = channels(x) * patch * patch;
  const maps = scope.at("patch_embed", (e) =>
    e.at("proj", (s) => {
      const weight = s.frozen("weight", [width, channels(x), patch, patch], glorot(inputs, width));
      return conv(x, weight, { strides: [patch, patch] }, s.frozen("bias", [width], zero));
    }),
  );
  return transpose(reshape(maps, [0, width, -1]), [0, 2, 1]);
}

/**
 * What is added to the tokens, [1, tokens, width]: positions, and to the first the class token.
 *
 * @param own - side of the grid that positions are stored for @param side - of the images' grid, to which they are resampled
 */
function positions(scope: Scope, own: number, side: number, width: number): Value {
  const count = own * own;
  const stored = scope.frozen("pos_embed", [1, 1 + count, width], {
    kind: "computed",
    values: () => sineCosine(own, width),
  });
  // MoCo v3 starts it at 10⁻⁶, which its first norm, the position being zeros, turns into a gradient a thousand times too large.
  const token = scope.parameter("cls_token", [1, 1, width], { kind: "normal", deviation: 0.02 });
  return add(resampled(stored, own, side, width), pad(token, [0, 0, 0, 0, side * side, 0]));
}

/** Positions of a grid of another side; the class token's, the first, stays. */
function resampled(stored: Value, own: number, side: number, width: number): Value {
  if (side === own) return stored;
  const [before, after] = [1 + own * own, 1 + side * side];
  const matrix = constant(resampling(own, side), [after, before]);
  return reshape(gemm(matrix, reshape(stored, [before, width])), [1, after, width]);
}

/** @param x - all tokens of all images, [batch · tokens, width] */
function block(scope: Scope, x: Value, tokens: number, heads: number, own: number): Value {
  const attended = add(
    x,
    scope.at("attn", (s) => attention(s, normalised(scope, "norm1", x), tokens, heads, own)),
  );
  const width = heads * own;
  const hidden = normalised(scope, "norm2", attended);
  return add(
    attended,
    scope.at("mlp", (mlp) => {
      const wide = gelu(mlp.at("fc1", (s) => dense(s, hidden, 4 * width)));
      return mlp.at("fc2", (s) => dense(s, wide, width));
    }),
  );
}

const normalised = (scope: Scope, name: string, x: Value): Value => scope.at(name, (s) => norm(s, x));

/** Of every token, with timm's ε. */
function norm(scope: Scope, x: Value): Value {
  const width = [x.shape[1] as number];
  const weight = scope.parameter("weight", width, { kind: "constant", value: 1 });
  return layerNorm(x, weight, scope.parameter("bias", width, zero), { epsilon: 1e-6 });
}

/** `alpha·x·Wᵀ + beta·b`. @param fan - outputs of one of the products that W holds, by which it starts */
function dense(
  scope: Scope,
  x: Value,
  outputs: number,
  {
    fan = outputs,
    alpha = 1,
    beta = 1,
  }: { readonly fan?: number; readonly alpha?: number; readonly beta?: number } = {},
): Value {
  const inputs = x.shape[1] as number;
  const weight = scope.parameter("weight", [outputs, inputs], glorot(inputs, fan));
  return gemm(x, weight, scope.parameter("bias", [outputs], zero), { transB: true, alpha, beta });
}

/**
 * softmax(q·kᵀ/√d)·v of each head and image, and a product with all heads. The product that makes q, k and v divides all three by
 * the fourth root of d, so that no op scales them; the last one takes it back of v.
 */
function attention(scope: Scope, x: Value, tokens: number, heads: number, own: number): Value {
  const width = heads * own;
  const root = own ** 0.25;
  const joined = scope.at("qkv", (s) => dense(s, x, 3 * width, { fan: width, alpha: 1 / root, beta: 1 / root }));
  const byHead = transpose(reshape(joined, [-1, tokens, 3, heads, own]), [2, 0, 3, 1, 4]);
  const [q, k, v] = split(byHead, [1, 1, 1], 0); // [1, batch, heads, tokens, own]
  const scores = matMul(q, transpose(k, [0, 1, 2, 4, 3]));
  const mixed = transpose(matMul(softmax(scores), v), [0, 1, 3, 2, 4]);
  return scope.at("proj", (s) => dense(s, reshape(mixed, [-1, width]), width, { alpha: root }));
}
