/** Normalising layers: y = x̂·scale + bias with x̂ = (x − mean)/σ, σ = √(variance + ε). */
import { add, applyAll, div, greater, mean, mul, neg, reciprocal, sqrt, sub, sum, where } from "../apply.js";
import { channelwise, notChannels } from "../axes.js";
import { expandLike } from "../reshaping.js";
import { count, fromFront, isStatic } from "../shapes.js";
import { constant, type Value } from "../value.js";
import { population } from "./reductions.js";
import { firstOutputOnly, type Rule, zeros } from "./rule.js";

interface Stabilised {
  readonly epsilon: number;
}

const inverseOf = (variance: Value, epsilon: number): Value => reciprocal(sqrt(add(variance, epsilon)));

/**
 * Mean and variance of x itself over its last axes (Ba et al. 2016). With ĝ = g·scale:
 * dx = (ĝ − mean ĝ − x̂·mean(ĝ·x̂))/σ, dscale = Σ g·x̂, dbias = Σ g. x̂ is made again, by the same op without a scale.
 */
export const layerNormRule: Rule<Stabilised & { readonly axis: number }> = (g, context) => {
  firstOutputOnly("LayerNormalization", context);
  const { inputs, attributes, needs } = context;
  const [x, scale, bias] = inputs;
  const first = fromFront(attributes.axis, x.shape.length);
  const axes = x.shape.flatMap((_, i) => (i >= first ? [i] : []));
  const { unit, inverse } = unitOf(x, axes, attributes.epsilon);
  const across = () => {
    const scaled = mul(g, scale);
    const along = sub(scaled, mul(unit, mean(mul(scaled, unit), axes, true)));
    return sub(along, mean(scaled, axes, true));
  };
  return [needs(0) ? mul(across(), inverse) : null, needs(1) ? mul(g, unit) : null, bias && needs(2) ? g : null];
};

/** x̂ and 1/σ over the last axes: by one op where their sizes are known. */
function unitOf(x: Value, axes: readonly number[], epsilon: number): { readonly unit: Value; readonly inverse: Value } {
  const shape = axes.map((i) => x.shape[i]);
  if (isStatic(shape) && x.dtype === "float32") {
    const ones = constant(new Float32Array(count(shape) as number).fill(1), shape);
    const [unit, , inverse] = applyAll("LayerNormalization", [x, ones], { axis: axes[0] - x.shape.length, epsilon }, 3);
    return { unit, inverse };
  }
  const centred = sub(x, mean(x, axes, true));
  const inverse = inverseOf(mean(mul(centred, centred), axes, true), epsilon);
  return { unit: mul(centred, inverse), inverse };
}

/** y = x/n by rows, n their lengths: dx = (g − y·⟨g, y⟩)/n, and g/n where n is the floor. */
export const unitRowsRule: Rule<{ readonly floor: number }> = (g, context) => {
  firstOutputOnly("UnitRows", context);
  const [y, length] = context.outputs;
  const along = where(greater(length, context.attributes.floor), sum(mul(g, y), [1], true), 0);
  return [div(sub(g, mul(y, along)), length)];
};

/**
 * Inference form, mean and variance given: dx = g·scale/σ, dscale = Σ g·x̂, dbias = Σ g,
 * dmean = −scale/σ·Σ g, dvariance = −½·scale/σ²·Σ g·x̂.
 */
export const batchNormRule: Rule<Stabilised> = (
  g,
  { inputs: [x, scale, bias, average, variance], attributes, needs },
) => {
  const others = notChannels(x);
  const inverse = inverseOf(variance, attributes.epsilon);
  const slope = mul(scale, inverse);
  const total = () => sum(g, others);
  const along = () => mul(sum(mul(g, sub(x, channelwise(average, x))), others), inverse); // Σ g·x̂
  return [
    needs(0) ? mul(g, channelwise(slope, x)) : null,
    needs(1) ? along() : null,
    bias && needs(2) ? total() : null,
    needs(3) ? neg(mul(slope, total())) : null,
    needs(4) ? mul(-0.5, mul(mul(slope, inverse), along())) : null,
  ];
};

/**
 * Training form (Ioffe and Szegedy 2015): the composite `BatchNormGrad` for y. A loss may depend on the batch's statistics
 * too: mean = Σx/M and variance = Σ(x − mean)²/M over M elements add (dmean + 2·dvariance·(x − mean))/M.
 */
export const batchNormTrainRule: Rule<Stabilised> = (g, { inputs: [x, scale, bias], outputs, attributes, grads }) => {
  const [, average, variance] = outputs;
  const { epsilon } = attributes;
  const [dx, dscale, dbias] = g
    ? applyAll("BatchNormGrad", [g, x, scale, average, variance], { epsilon }, 3)
    : [zeros(x), zeros(scale), zeros(bias)];
  const [, dmean, dvariance] = grads;
  let total = dx;
  const size = population(x, notChannels(x));
  const shared = (v: Value) => div(channelwise(v, x), size);
  if (dmean) total = add(total, expandLike(shared(dmean), x));
  if (dvariance) total = add(total, mul(shared(mul(2, dvariance)), sub(x, channelwise(average, x))));
  return [total, dscale, dbias];
};
